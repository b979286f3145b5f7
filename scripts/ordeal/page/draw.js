// SPDX-License-Identifier: BSD-2-Clause
//
// The drawings of svg.py and lanes.py (of phase.py: phase.js), made in the browser for the cases that a
// reader opens. Function for function the same as there, with the same whole numbers; a test holds
// the two together. Everything becomes an element through createElementNS: no text is ever parsed.
"use strict";

const draw = (() => {
	const LINE = 16, WRAP = 20, MAX_LINES = 6;
	const HEAD = 44, FOOT = 14, INDENT = 16, GAP = 26, MARGIN = 14, MIN_GUEST = 110;
	const max = (...numbers) => Math.max(...numbers);

	class Drawing {
		constructor(width, height, words) {
			Object.assign(this, { width, height, words, shapes: [] });
		}
		add(tag, css, attributes, text = "") {
			this.shapes.push([tag, { class: css, ...attributes }, text]);
		}
		line(css, x1, y1, x2, y2) { this.add("line", css, { x1, y1, x2, y2 }); }
		text(css, x, y, text) { this.add("text", css, { x, y }, text); }
		element() {
			const make = (tag, attributes, text) => {
				const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
				for (const [key, value] of Object.entries(attributes))
					element.setAttribute(key, value);
				if (text)
					element.textContent = text;
				return element;
			};
			const root = make("svg", { class: "drawing", role: "img", width: this.width, height: this.height,
				viewBox: `0 0 ${this.width} ${this.height}`, "aria-label": this.words });
			root.append(...this.shapes.map((shape) => make(...shape)));
			return root;
		}
	}

	const events = (trace) => (trace === "" || trace === "nothing" ? [] : trace.split("; "));
	const cut = (text, at) => {
		const i = text.indexOf(at);
		return i < 0 ? [text, ""] : [text.slice(0, i), text.slice(i + at.length)];
	};
	const isRoot = (event) => event.startsWith("EXIT(") || event.startsWith("ENTRY");
	const width = (text) => Math.floor((text.length * 73 + 9) / 10);
	const flags = (text) => text.replace(/\]+$/, "").split(",").filter((word) => word);

	function wrap(text, limit = WRAP) {
		const lines = [];
		let line = "";
		for (let word of text.split(" ")) {
			while (word.length > limit) {
				if (line)
					lines.push(line);
				lines.push(word.slice(0, limit));
				word = word.slice(limit);
				line = "";
			}
			if (line && line.length + 1 + word.length > limit) {
				lines.push(line);
				line = word;
			} else {
				line = line ? `${line} ${word}` : word;
			}
		}
		if (line || !lines.length)
			lines.push(line);
		return lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES - 1), "..."] : lines;
	}

	function placeLines(event) {
		const [place, rest] = cut(cut(event, "@")[1], "[");
		const lines = place ? wrap(`RIP = ${place}`) : [];
		if (cut(event, "@")[1].includes("["))
			lines.push(...wrap(rest.replace(/\]+$/, "").split(",").map((word) => {
				const at = word.indexOf("=");
				return at < 0 ? word.toUpperCase() : word.slice(0, at).toUpperCase() + word.slice(at);
			}).join(" ")));
		return lines;
	}

	function titleLines(event) {
		const [what] = cut(event, "@");
		if (what.startsWith("EXIT("))
			return wrap(`exit: ${what.slice(5, -1)}`);
		if (what.startsWith("ENTRY("))
			return ["enter, injecting", ...wrap(what.slice(6, -1))];
		return what === "ENTRY" ? ["enter"] : wrap(what);
	}

	const kind = (event) => (isRoot(event) ? "root" : event.startsWith("#") ? "exc" : "irq");

	function fits(want, seen) {
		const [what, where] = cut(want, "@"), [did, there] = cut(seen, "@");
		const [place, asked] = cut(where, "["), [at, found] = cut(there, "[");
		return what === did && (!place || place === at) &&
			flags(asked).every((word) => flags(found).includes(word));
	}

	function makeGroups(seen, want, twin, arrives) {
		const row = (i) => i + (arrives !== null && i >= arrives ? 1 : 0);
		const group = (title, trace) => ({ title, trace, rows: trace.map((_, i) => row(i)),
			name: "guest", root: trace.some(isRoot), x: 0, rootX: 0 });
		const groups = want !== null ? [group("expected", want)] : [];
		groups.push(group(want !== null ? "seen" : "", seen));
		let count = max(arrives !== null ? arrives + 1 : 0,
			...groups.filter((g) => g.trace.length).map((g) => row(g.trace.length - 1) + 1));
		if (twin !== null) {
			const first = groups[0];
			const free = first.rows.filter((_, i) => !isRoot(first.trace[i]));
			const extra = max(0, twin.length - free.length);
			const more = Array.from({ length: extra }, (_, i) => count + i);
			groups.push({ title: "", trace: twin, rows: [...free.slice(0, twin.length), ...more],
				name: "native twin", root: false, x: 0, rootX: 0 });
			count += extra;
		}
		if (twin === null && !groups.some((g) => g.root))
			groups.forEach((g) => { g.name = "processor"; });
		return [groups, count];
	}

	function place(groups, arrives, note, inRoot) {
		const widest = (lines) => INDENT + max(0, ...lines.map(width));
		let x = MARGIN + (arrives !== null ? 14 : 0);
		groups.forEach((group, index) => {
			const mine = arrives !== null && index === 0;
			const guest = group.trace.flatMap((event) =>
				[...placeLines(event), ...(isRoot(event) ? [] : titleLines(event))]);
			guest.push(group.name, ...(mine && !inRoot ? note : []));
			group.x = x;
			x += max(widest(guest), group.root ? MIN_GUEST : 0) + GAP;
			if (group.root) {
				const root = group.trace.filter(isRoot).flatMap(titleLines);
				group.rootX = x;
				x += widest([...root, "hypervisor", ...(mine && inRoot ? note : [])]) + GAP;
			}
		});
		return x - GAP + MARGIN;
	}

	function heights(groups, count, arrives, note) {
		const lines = Array(count).fill(1);
		for (const group of groups)
			group.trace.forEach((event, i) => {
				const root = isRoot(event), row = group.rows[i];
				lines[row] = max(lines[row], placeLines(event).length + (root ? 1 : titleLines(event).length),
					root ? titleLines(event).length : 0);
			});
		if (arrives !== null)
			lines[arrives] = note.length;
		const tops = [HEAD + 24];
		for (const number of lines)
			tops.push(tops[tops.length - 1] + number * LINE + 14);
		return tops;
	}

	function mark(picture, css, x, y) {
		if (css === "exc")
			picture.add("rect", "mark exc", { x: x - 5, y: y - 5, width: 10, height: 10 });
		else if (css === "arrival")
			picture.add("path", "mark arrival", { d: `M${x} ${y - 6}l6 6l-6 6l-6 -6z` });
		else
			picture.add("circle", `mark ${css}`, { cx: x, cy: y, r: 5 });
	}

	function labels(picture, x, y, bold, plain, css) {
		bold.forEach((line, i) => picture.text(`what ${css}`, x + INDENT, y + 4 + i * LINE, line));
		plain.forEach((line, i) =>
			picture.text("where", x + INDENT, y + 4 + (bold.length + i) * LINE, line));
	}

	function drawLanes(picture, group, tops) {
		const bottom = tops[tops.length - 1] - 8;
		if (group.title)
			picture.text("group", group.x - 4, 16, group.title);
		picture.text("lane-name", group.x - 4, 34, group.name);
		picture.line("lane", group.x, HEAD, group.x, bottom);
		if (group.root) {
			picture.text("lane-name", group.rootX - 4, 34, "hypervisor");
			picture.line("lane", group.rootX, HEAD, group.rootX, bottom);
		}
		const first = group.trace.find(isRoot) || "";
		let where = first.startsWith("ENTRY") ? group.rootX : group.x, since = HEAD;
		group.trace.forEach((event, i) => {
			if (!isRoot(event))
				return;
			picture.line("busy", where, since, where, tops[group.rows[i]]);
			where = event.startsWith("EXIT(") ? group.rootX : group.x;
			since = tops[group.rows[i]];
		});
		picture.line("busy", where, since, where, bottom);
	}

	function drawEvent(picture, group, event, y) {
		if (!isRoot(event)) {
			mark(picture, kind(event), group.x, y);
			labels(picture, group.x, y, titleLines(event), placeLines(event), kind(event));
			return;
		}
		const out = event.startsWith("EXIT(");
		const start = out ? group.x : group.rootX, end = out ? group.rootX : group.x;
		const step = end > start ? 1 : -1;
		picture.line("arrow", start + 4 * step, y, end - 10 * step, y);
		picture.add("path", "head", { d: `M${end - 3 * step} ${y}l${-9 * step} -5l0 10z` });
		mark(picture, "root", end, y);
		labels(picture, group.rootX, y, titleLines(event), [], "root");
		labels(picture, group.x, y + LINE, [], placeLines(event), "");
	}

	function drawLinks(picture, groups, tops) {
		const [left, twin] = groups.slice(-2);
		for (const row of twin.rows) {
			const at = left.rows.indexOf(row);
			if (at < 0 || isRoot(left.trace[at]))
				continue;
			const start = left.x + INDENT + max(...titleLines(left.trace[at]).map(width)) + 8;
			if (start < twin.x - 12)
				picture.line("same", start, tops[row], twin.x - 9, tops[row]);
		}
	}

	function drawArrival(picture, group, tops, arrives, note, inRoot) {
		const x = inRoot ? group.rootX : group.x;
		mark(picture, "arrival", x, tops[arrives]);
		labels(picture, x, tops[arrives], note.slice(0, 1), note.slice(1), "arrival");
		const served = group.rows.find((row, i) => row > arrives && /^(IRQ\(|NMI)/.test(group.trace[i]));
		if (served !== undefined) {
			picture.line("pending", group.x - 12, tops[arrives], group.x - 12, tops[served]);
			picture.line("pending", group.x - 12, tops[served], group.x - 6, tops[served]);
		}
	}

	function words(seen, want, twin) {
		const parts = want !== null ? [`Expected: ${want.join("; ")}`] : [];
		parts.push((parts.length ? "Seen: " : "Order of events: ") + (seen.join("; ") || "nothing"));
		if (twin !== null)
			parts.push(`Native twin: ${twin.join("; ") || "nothing"}`);
		return parts.join(". ");
	}

	/* Traces as text; null: not drawn. */
	function lanes(seenTrace, wantTrace, twinTrace, arrives, vector) {
		const [seen, want, twin] = [seenTrace, wantTrace, twinTrace].map((t) => t === null ? null : events(t));
		const [groups, count] = makeGroups(seen, want, twin, arrives);
		const inRoot = arrives !== null && arrives > 0 && seen[arrives - 1].startsWith("EXIT(");
		const note = inRoot ? [`${vector} arrives:`, "interrupts are off", "here, so it waits"] :
			[`${vector} arrives`];
		const picture = new Drawing(place(groups, arrives, note, inRoot), 0, words(seen, want, twin));
		const tops = heights(groups, count, arrives, note);
		picture.height = tops[tops.length - 1] + FOOT - 8;
		const end = twin !== null ? groups[groups.length - 1].x - 18 : picture.width - 4;
		for (let row = 0; want !== null && row < count; row++) {
			const [a, b] = groups.slice(0, 2).map((g) => g.trace[g.rows.indexOf(row)] || "");
			if ((a || b) && !(a && b && fits(a, b)))
				picture.add("rect", "differs", { x: 4, y: tops[row] - 14, width: end - 4,
					height: tops[row + 1] - tops[row] - 4, rx: 4 });
		}
		groups.forEach((group) => drawLanes(picture, group, tops));
		if (arrives !== null)
			drawArrival(picture, groups[0], tops, arrives, note, inRoot);
		if (twin !== null)
			drawLinks(picture, groups, tops);
		for (const group of groups)
			group.trace.forEach((event, i) => drawEvent(picture, group, event, tops[group.rows[i]]));
		return picture;
	}

	return { lanes, events, tools: { Drawing, wrap, width, cut, kind, max } };
})();
