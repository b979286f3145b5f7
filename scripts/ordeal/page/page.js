// SPDX-License-Identifier: BSD-2-Clause
//
// The matrix of a run, its filters, and the details of the cases that a reader opens, made from the
// data in #run-data. Rows are built in slices so that a large run does not hold up the first paint;
// text from the run becomes text nodes and attributes, never markup.
"use strict";

(() => {
	const data = JSON.parse(document.getElementById("run-data").textContent);
	const { verdicts, platforms, strings, cases } = data;
	const GLYPHS = { PASS: "\u2713", FAIL: "\u2717", SKIP: "\u2013", XFAIL: "x", XPASS: "!", ERROR: "E",
		CRASH: "C", TIMEOUT: "T", NOTRUN: "N", FLAKY: "~" };
	const byId = new Map(cases.map((entry) => [entry.id, entry]));
	const byName = new Map(cases.map((entry) => [entry.id.slice(entry.id.indexOf("/") + 1), entry]));
	const place = document.getElementById("families");
	const status = document.getElementById("shown");

	function h(tag, attributes = {}, ...children) {
		const element = document.createElement(tag);
		for (const [key, value] of Object.entries(attributes)) {
			if (key.startsWith("on"))
				element.addEventListener(key.slice(2), value);
			else if (value !== null && value !== false)
				element.setAttribute(key, value === true ? "" : value);
		}
		element.append(...children.filter((child) => child !== null && child !== ""));
		return element;
	}

	const outcomeOn = (entry, number) => entry.outcomes.find((outcome) => outcome.on.includes(number));
	const texts = (numbers) => (numbers || []).map((number) => strings[number]);
	const link = (entry, number) => "#" + encodeURI(entry.id) + (number === undefined ? "" : "@" + platforms[number]);
	const badge = (outcome) => h("span", { class: `badge ${verdicts[outcome.verdict]}` +
		(outcome.unexpected ? " loud" : "") }, `${GLYPHS[verdicts[outcome.verdict]]} ${verdicts[outcome.verdict]}`);

	/* ---- Details of one case ---- */

	/* Every shape was computed when the page was made; here it only becomes an element. */
	function svg(tag, attributes, text) {
		const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
		for (const [key, value] of Object.entries(attributes))
			element.setAttribute(key, value);
		element.textContent = text;
		return element;
	}

	function shape(number) {
		const [kind, text, ...values] = data.shapes[number];
		const [tag, css, ...names] = data.kinds[kind];
		return svg(tag, { class: css, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) }, text);
	}

	function drawing(width, height, words, shapes) {
		const root = svg("svg", { class: "drawing", role: "img", width, height,
			viewBox: `0 0 ${width} ${height}`, "aria-label": texts(words).join("") }, "");
		root.append(...shapes.map(shape));
		return root;
	}

	function figure([number, ...picture]) {
		const caption = strings[number];
		return h("figure", {}, h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
			drawing(...picture)), h("figcaption", {}, caption));
	}

	async function copy(event) {
		const button = event.currentTarget, code = button.previousElementSibling;
		try {
			await navigator.clipboard.writeText(code.textContent);
		} catch (error) {
			getSelection().selectAllChildren(code);
			document.execCommand("copy");
		}
		button.textContent = "Copied";
		setTimeout(() => { button.textContent = "Copy"; }, 1500);
	}

	function commands(entry, outcome, on) {
		const fill = (number, text) => text.split("\u0001").join(entry.id).split("\u0002").join(platforms[number]);
		if (!outcome.repro)
			return null;
		return h("div", { class: "again" }, h("p", { class: "label" }, "Boot only this case"), ...on.map((number) =>
			h("div", { class: "command" }, h("code", { tabindex: "0" }, fill(number, strings[outcome.repro])),
				h("button", { type: "button", onclick: copy, "aria-label": `Copy the command for ${platforms[number]}` },
					"Copy"))),
		outcome.log ? h("p", { class: "soft" }, "Log: ", ...on.flatMap((number, i) =>
			[i ? ", " : "", h("code", {}, fill(number, strings[outcome.log]))])) : null);
	}

	function traces(outcome) {
		const rows = [...texts(outcome.want).map((text) => ["expected", text]),
			...(outcome.pattern ? [["known deviation", strings[outcome.pattern]]] : []), ...texts(outcome.seen).map((text) => ["seen", text])];
		if (outcome.twin)
			rows.push(["native twin", strings[outcome.twin]]);
		return rows.length ? h("details", {}, h("summary", {}, "Traces as text"), h("dl", { class: "traces" },
			...rows.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, h("code", {}, text))]))) : null;
	}

	function result(entry, outcome) {
		const { on } = outcome;
		const line = (name, text) => (text ? h("p", { class: "said" }, h("b", {}, name + " "), text) : null);
		const runs = Object.entries(outcome.runs || {}).map(([name, times]) => `${times} x ${name}`).join(", ");
		return h("section", { class: "result", "data-on": on.map((number) => platforms[number]).join(" ") },
			h("h5", {}, badge(outcome), " on " + on.map((number) => platforms[number]).join(", "),
				outcome.unexpected ? h("span", { class: "soft" }, " unexpected") : null),
			line("Reason", strings[outcome.reason || 0]),
			line("First difference,", strings[outcome.first || 0]),
			line("Known deviation", strings[outcome.deviation || 0]), line("Not as listed:", strings[outcome.listed || 0]),
			line("Without it", outcome.raw), line("Repeated", runs), line("", strings[outcome.many || 0]),
			h("div", { class: "figures" }, ...(outcome.figures || []).map(figure)),
			...texts(outcome.notes).map((note) => h("p", { class: "note" }, h("code", {}, note))),
			...texts(outcome.fingerprints).map((text) => line("Left open by the manuals, observed:", text)),
			...(outcome.block ? blockDetails({ h, strings }, outcome.block) : []),
			traces(outcome), commands(entry, outcome, on));
	}

	function details(entry) {
		const story = data.stories.find((known) => known.case === entry.id);
		const twin = entry.twin && (byId.get(entry.twin) || byName.get(entry.twin));
		const meta = [entry.row ? `Row ${entry.row}` : "", entry.cite ? strings[entry.cite] : ""].filter((t) => t);
		const outcomes = [...entry.outcomes].sort((a, b) => !a.unexpected - !b.unexpected);
		return h("div", { class: "details" },
			h("p", { class: "soft" }, meta.join(" \u00b7 "), twin ? h("span", {}, " \u00b7 native twin ",
				h("a", { href: link(twin) }, twin.id)) : entry.twin ? ` \u00b7 native twin ${entry.twin}, not in this run` : "",
			" \u00b7 ", h("a", { href: link(entry) }, "link to this case")),
			story ? h("p", { class: "why" }, h("b", {}, `${story.key}. ${story.title}. `), story.why) : null,
			...(data.changes[entry.id] || []).map(([name, where, what]) => h("p", { class: "said" },
				h("b", {}, `Against the baseline, ${where}: `), `${what} (${name})`)),
			...outcomes.map((outcome) => result(entry, outcome)));
	}

	/* ---- The matrix ---- */

	const families = new Map();
	for (const entry of cases) {
		const [suite, name] = [entry.id.slice(0, entry.id.indexOf("/")), entry.id.slice(entry.id.indexOf("/") + 1)];
		const family = name.includes(".") ? name.slice(0, name.indexOf(".")) : "";
		const key = family ? `${suite}/${family}` : suite;
		if (!families.has(key))
			families.set(key, { key, suite, entries: [] });
		families.get(key).entries.push(entry);
		entry.family = key;
		entry.label = family ? name.slice(family.length + 1) : name;
		entry.find = [entry.id, entry.row, entry.text, strings[entry.cite || 0]].join("\n").toLowerCase();
	}

	function cell(entry, number) {
		const outcome = outcomeOn(entry, number);
		if (!outcome)
			return h("td", { role: "gridcell", "data-on": number }, h("span", { class: "none", "aria-label": "not planned" }, "\u00b7"));
		const verdict = verdicts[outcome.verdict];
		return h("td", { role: "gridcell", "data-on": number }, h("a", { href: link(entry, number), tabindex: "-1",
			class: `cell ${verdict}` + (outcome.unexpected ? " loud" : ""), title: `${verdict} on ${platforms[number]}`,
			"aria-label": `${verdict}${outcome.unexpected ? ", unexpected" : ""}, on ${platforms[number]}` }, GLYPHS[verdict]));
	}

	function toggle(entry, open) {
		const was = entry.opened !== undefined;
		if (open === was)
			return;
		if (was) {
			entry.opened.remove();
			entry.opened = undefined;
		} else {
			entry.opened = h("tr", { class: "opened", role: "row" }, h("td", { role: "gridcell", colspan: platforms.length + 1 }, details(entry)));
			entry.tr.after(entry.opened);
		}
		entry.button.setAttribute("aria-expanded", String(!was));
	}

	function row(entry) {
		entry.button = h("button", { type: "button", tabindex: "-1", "aria-expanded": "false",
			onclick: () => toggle(entry, entry.opened === undefined) }, entry.label);
		entry.tr = h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" }, entry.button,
			entry.text ? h("span", { class: "sentence" }, entry.text) : null),
		...platforms.map((_, number) => cell(entry, number)));
		entry.tr.hidden = !matches(entry);
		return entry.tr;
	}

	function* build() {
		let suite = null;
		for (const family of families.values()) {
			if (family.suite !== suite) {
				suite = family.suite;
				place.append(h("h3", {}, suite));
			}
			const body = h("tbody", { role: "rowgroup" });
			family.table = h("table", { role: "grid", class: "family" },
				h("caption", {}, family.key, h("span", { class: "soft" }, ` ${family.entries.length}`)),
				h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, h("th", { scope: "col", role: "columnheader" }, "case"),
					...platforms.map((name, number) => h("th", { scope: "col", role: "columnheader", "data-on": number },
						h("span", {}, name))))), body);
			place.append(family.table);
			for (const entry of family.entries) {
				body.append(row(entry));
				yield;
			}
			family.table.querySelector("button").tabIndex = 0;
			showFamily(family);
		}
	}

	const building = build();
	let built = false;
	function buildFor(milliseconds) {
		const end = performance.now() + milliseconds;
		while (!built && performance.now() < end)
			for (let i = 0; i < 20 && !built; i++)
				built = building.next().done;
		if (built)
			document.documentElement.dataset.ready = "yes";
	}
	function slice() {
		buildFor(25);
		if (!built)
			setTimeout(slice);
	}

	/* ---- Filters ---- */

	const form = document.getElementById("filters");
	const wanted = { words: [], verdict: "", platform: "", family: "" };

	function matches(entry) {
		if (wanted.family && entry.family !== wanted.family || !wanted.words.every((word) => entry.find.includes(word)))
			return false;
		const outcomes = wanted.platform === "" ? entry.outcomes :
			entry.outcomes.filter((outcome) => outcome.on.includes(Number(wanted.platform)));
		return outcomes.some((outcome) => wanted.verdict === "" || (wanted.verdict === "unexpected" ?
			outcome.unexpected : verdicts[outcome.verdict] === wanted.verdict));
	}

	function showFamily(family) {
		if (family.table)
			family.table.hidden = family.entries.every((entry) => !matches(entry));
	}

	function apply() {
		let count = 0;
		for (const family of families.values()) {
			let some = false;
			for (const entry of family.entries) {
				const show = matches(entry);
				count += show;
				some = some || show;
				if (entry.tr && entry.tr.hidden === show) {
					entry.tr.hidden = !show;
					if (!show)
						toggle(entry, false);
				}
			}
			if (family.table)
				family.table.hidden = !some;
		}
		if (wanted.platform === "")
			delete place.dataset.only;
		else
			place.dataset.only = "yes";
		for (const element of place.querySelectorAll("[data-on]"))
			if (element.matches("td, th"))
				element.hidden = wanted.platform !== "" && element.dataset.on !== wanted.platform;
		status.textContent = count === cases.length ? `${count} cases` : `${count} of ${cases.length} cases`;
	}

	function read() {
		wanted.words = form.elements.text.value.toLowerCase().split(/\s+/).filter((word) => word);
		for (const name of ["verdict", "platform", "family"])
			wanted[name] = form.elements[name].value;
		apply();
	}

	function fill() {
		const add = (select, items) => select.append(...items.map(([value, text]) => h("option", { value }, text)));
		const met = new Set(cases.flatMap((entry) => entry.outcomes.map((outcome) => outcome.verdict)));
		add(form.elements.verdict, [...met].sort((a, b) => a - b).map((number) => [verdicts[number], verdicts[number]]));
		add(form.elements.platform, platforms.map((name, number) => [number, name]));
		add(form.elements.family, [...families.keys()].map((key) => [key, key]));
		form.addEventListener("input", read);
		form.addEventListener("submit", (event) => event.preventDefault());
		form.addEventListener("reset", () => setTimeout(read));
		form.hidden = false;
		for (const chip of document.querySelectorAll("[data-verdict]"))
			chip.addEventListener("click", () => {
				form.elements.verdict.value = chip.dataset.verdict;
				read();
			});
	}

	/* ---- Keys and links ---- */

	function move(event) {
		const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
		const at = event.target.closest("#families tr:not(.opened) > *");
		if (!at || !(event.key in steps || event.key === "Home" || event.key === "End") || event.ctrlKey || event.altKey || event.metaKey)
			return;
		const rows = [...place.querySelectorAll("table:not([hidden]) tbody tr:not(.opened):not([hidden])")];
		const cells = (tr) => [...tr.children].filter((child) => !child.hidden);
		const here = rows.indexOf(at.parentElement), column = cells(at.parentElement).indexOf(at);
		const [down, right] = steps[event.key] || [0, event.key === "Home" ? -column : 99];
		const to = rows[Math.min(rows.length - 1, Math.max(0, here + down))];
		const list = cells(to);
		const next = list[Math.min(list.length - 1, Math.max(0, column + right))].querySelector("a, button");
		if (next) {
			event.preventDefault();
			focus(next);
		}
	}

	function focus(element) {
		for (const other of element.closest("table").querySelectorAll("[tabindex='0']:not(.opened *)"))
			other.tabIndex = -1;
		element.tabIndex = 0;
		element.focus();
	}

	function follow() {
		let [id, on] = [location.hash.slice(1), ""];
		try {
			id = decodeURIComponent(id);
		} catch (error) { /* a malformed link is taken literally */ }
		if (!byId.has(id) && id.includes("@"))
			[id, on] = [id.slice(0, id.lastIndexOf("@")), id.slice(id.lastIndexOf("@") + 1)];
		const entry = byId.get(id);
		if (!entry)
			return;
		while (!entry.tr)
			buildFor(50);
		if (!matches(entry))
			form.reset();
		if (!matches(entry)) {
			Object.assign(wanted, { words: [], verdict: "", platform: "", family: "" });
			apply();
		}
		toggle(entry, true);
		focus(entry.button);
		/* The platform that the link names comes first. */
		const part = [...entry.opened.querySelectorAll(".result")].find((section) => section.dataset.on.split(" ").includes(on));
		const first = entry.opened.querySelector(".result");
		if (part && part !== first)
			first.before(part);
		entry.tr.scrollIntoView({ block: "start" });
	}

	fill();
	apply();
	if (data.worlds.length)
		drawMaps({ data, h, link, outcomeOn, glyphs: GLYPHS });
	place.addEventListener("keydown", move);
	place.addEventListener("focusin", (event) => {
		if (event.target.closest("tr:not(.opened)") && event.target.tabIndex < 0)
			focus(event.target);
	});
	addEventListener("hashchange", follow);
	addEventListener("beforeprint", () => {
		buildFor(60000);
		cases.filter((entry) => entry.outcomes.some((outcome) => outcome.unexpected)).slice(0, 200)
			.forEach((entry) => toggle(entry, true));
	});
	document.addEventListener("click", (event) => {
		const anchor = event.target.closest("a[href^='#']");
		if (anchor && anchor.getAttribute("href") === location.hash)
			follow();
	});
	requestAnimationFrame(() => setTimeout(() => {
		slice();
		follow();
	}));
})();
