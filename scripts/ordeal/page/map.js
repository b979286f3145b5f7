// SPDX-License-Identifier: BSD-2-Clause
//
// The map of the generated world: openers across, instructions down, and in each field what came of
// that block on one platform. A field leads to its case in the matrix, whose details show the
// classes of deviations, each with its smallest situation and the model's reasoning.
"use strict";

/* What is said of a block in the details of its case. */
function blockDetails({ h, strings }, block) {
	const counts = ["situations", "legal", "quirks", "illegal", "flaky", "ended", "left_out", "unplayed", "rejudged"];
	const words = { quirks: "as known quirks have it", ended: "that end the boot", left_out: "left out",
		unplayed: "outside the model's world", rejudged: "judged again by the host" };
	const said = counts.filter((name) => block[name]).map((name) => `${block[name].toLocaleString("en")} ${words[name] || name}`);
	return [h("p", { class: "said" }, said.join(", ")), ...(block.classes || []).map(([name, count, quirks, lines], i) =>
		h("details", { class: "class", open: i === 0 }, h("summary", {}, `${count} like `, h("code", {}, strings[name]),
			quirks ? ` (${strings[quirks]})` : ""),
		lines ? h("pre", { tabindex: "0", "aria-label": `Why, for ${strings[name]}` }, strings[lines]) : null))];
}

/* Fills in #maps. */
function drawMaps({ data, h, link, outcomeOn, glyphs }) {
	const place = document.getElementById("maps");
	const blocks = data.cases.filter((entry) => data.worlds.includes(entry.id.slice(0, entry.id.indexOf("/"))));
	const names = blocks.map((entry) => entry.id.slice(entry.id.indexOf("/") + 1).split("."));
	const openers = [...new Set(names.map(([opener]) => opener))];
	const instructions = [...new Set(names.map((parts) => parts.slice(1).join(".")))];
	const at = new Map(blocks.map((entry, i) => [`${names[i][0]} ${names[i].slice(1).join(".")}`, entry]));

	function field(entry, number, label) {
		const outcome = entry && outcomeOn(entry, number);
		if (!outcome)
			return h("td", { role: "gridcell" }, h("span", { class: "none", "aria-label": `${label}: not in this run` }, "\u00b7"));
		const verdict = data.verdicts[outcome.verdict], block = outcome.block || {};
		const wrong = (block.illegal || 0) + (block.flaky || 0) + (block.ended || 0) || block.quirks || 0;
		const said = block.situations ? `${verdict}, ${block.legal || 0} of ${block.situations} legal` : verdict;
		return h("td", { role: "gridcell" }, h("a", { href: link(entry, number), tabindex: "-1", title: `${label}: ${said}`,
			class: `cell ${verdict}` + (outcome.unexpected ? " loud" : ""), "aria-label": `${label}: ${said}` },
		String(wrong || glyphs[verdict])));
	}

	function map(number) {
		const row = (instruction) => h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" }, instruction),
			...openers.map((opener) => field(at.get(`${opener} ${instruction}`), number, `${opener} ${instruction}`)));
		const table = h("table", { role: "grid", class: "map", "aria-label": `The generated world on ${data.platforms[number]}` },
			h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, h("td", {}), ...openers.map((opener) =>
				h("th", { scope: "col", role: "columnheader" }, h("span", {}, opener))))),
			h("tbody", { role: "rowgroup" }, ...instructions.map(row)));
		const first = table.querySelector("a");
		if (first)
			first.tabIndex = 0;
		table.addEventListener("keydown", (event) => move(table, event));
		return h("div", { class: "scroll" }, table);
	}

	function move(table, event) {
		const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
		const here = event.target.closest("td");
		if (!here || !(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey)
			return;
		const rows = [...table.tBodies[0].rows], [down, right] = steps[event.key];
		let [y, x] = [rows.indexOf(here.parentElement), here.cellIndex], next = null;
		while (!next && rows[y += down] && rows[y].cells[x += right])
			next = rows[y].cells[x].querySelector("a");
		event.preventDefault();
		if (next) {
			event.target.tabIndex = -1;
			next.tabIndex = 0;
			next.focus();
		}
	}

	const met = data.platforms.map((_, number) => number).filter((number) => blocks.some((entry) => outcomeOn(entry, number)));
	const choice = h("select", {}, ...met.map((number) => h("option", { value: number }, data.platforms[number])));
	const shown = h("div", {}, map(met[0]));
	choice.addEventListener("input", () => shown.replaceChildren(map(Number(choice.value))));
	place.append(...(met.length > 1 ? [h("label", { class: "choose" }, "Platform ", choice)] : []), shown);
}
