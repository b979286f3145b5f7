// SPDX-License-Identifier: BSD-2-Clause
//
// The phase diagram of phase.py, made in the browser: as draw.js, and held to it by the same test.
"use strict";

draw.phase = (({ Drawing, wrap, width, cut, kind, max }) => {
	const { events } = draw;
	const PHASE = { LEFT: 14, RIGHT: 14, HEAD: 34, ROW: 42, FOOT: 34, PLOT: 452, LABEL: 16, LEAST: 14, CHARS: 60 };

	function bands(histogram, expected) {
		const counts = new Map(histogram.map(([count, trace]) => [trace, count]));
		const listed = expected.map((trace) => {
			const count = counts.get(trace) || 0;
			counts.delete(trace);
			return [count, trace];
		});
		return [...listed, ...[...counts].map(([trace, count]) => [count, trace])];
	}

	const orderOf = (trace) => events(trace).map((event) => cut(event, "@")[0]);
	const moved = (trace) => events(trace).find((event) => !/^(#|EXIT\(|ENTRY)/.test(event)) || "";
	const placeOf = (trace) => cut(cut(moved(trace), "@")[1], "[")[0];
	const ranges = (ticks) => !ticks ? [] : ticks.replace(/^~+/, "").split(",").map((part) => {
		const [first, last] = cut(part, "-");
		return [Number(first), Number(last || first)];
	});

	function spansOf(rows, ticks) {
		let soFar = 0;
		return rows.map(([count, trace]) => {
			if (ticks.size || !count)
				return ranges(ticks.get(trace)).map(([first, last]) => [first, last + 1]);
			soFar += count;
			return [[soFar - count, soFar]];
		});
	}

	function scaleOf(spans) {
		const ticks = [...new Set(spans.flat(2))].sort((a, b) => a - b);
		const roots = ticks.slice(1).map((tick, i) => Math.floor(Math.sqrt((tick - ticks[i]) * 10000)));
		const least = Math.min(PHASE.LEAST, Math.floor(PHASE.PLOT / max(1, 2 * roots.length)));
		const spare = PHASE.PLOT - least * roots.length, total = max(1, roots.reduce((a, b) => a + b, 0));
		let soFar = 0;
		return new Map(ticks.map((tick, i) => {
			soFar += i ? roots[i - 1] : 0;
			return [tick, PHASE.LEFT + (i ? i * least + Math.floor(spare * soFar / total) : 0)];
		}));
	}

	function firstIn(sweep, ticks) {
		const spans = ranges(ticks);
		const found = (sweep.first || []).find(([tick]) => spans.some(([a, b]) => a <= tick && tick <= b));
		return found ? found[1] : "";
	}

	function startsOf(rows, spans, sweep, ticks) {
		return rows.flatMap(([, trace], i) => {
			if (!spans[i].length)
				return [];
			const first = firstIn(sweep, ticks.get(trace));
			let where = placeOf(trace);
			if (first && !where.startsWith("root"))
				where = placeOf(first) || "later";
			return [[spans[i][0][0], `${spans[i][0][0]} ${where}`]];
		});
	}

	function placed(starts, scale) {
		const ends = [];
		return starts.map(([tick, long]) => {
			const text = long.length <= 30 ? long : long.slice(0, 27) + "...";
			const x = Math.min(scale.get(tick), PHASE.LEFT + PHASE.PLOT - width(text));
			let line = ends.findIndex((end) => end + 8 <= x);
			line = line < 0 ? ends.length : line;
			ends[line] = x + width(text);
			return { lead: scale.get(tick), x, line, text };
		});
	}

	function footerOf(sweep, total) {
		let text = `the interrupt arrives ever later: ${total} samples`;
		if (sweep.from === undefined)
			return [text];
		text += `, ${sweep.unit}s ${sweep.from}-${sweep.to}`;
		text += sweep.step > 1 ? `, one in ${sweep.step}` : "";
		text += sweep.repeat > 1 ? `, ${sweep.repeat} times` : "";
		return [...wrap(text, PHASE.CHARS),
			...sweep.incomplete ? wrap("INCOMPLETE: " + sweep.incomplete, PHASE.CHARS) : []];
	}

	function band(picture, y, bars, count, trace, css) {
		const { LEFT, PLOT } = PHASE;
		const place = placeOf(trace);
		let order = orderOf(trace).join(", then ") || "nothing";
		if (order.length > 34)
			order = order.slice(0, 31) + "...";
		picture.text(`band-name ${count ? css : "none"}`, LEFT, y + 12, order);
		picture.text("where lands", LEFT + width(order) + 12, y + 12,
			(place && `lands: ${place}`).slice(0, max(0, PHASE.CHARS - order.length)));
		picture.add("rect", "track", { x: LEFT, y: y + 19, width: PLOT, height: 14, rx: 3 });
		for (const [left, right] of bars)
			picture.add("rect", `band ${css}`, { x: left, y: y + 19, width: right - left, height: 14, rx: 2 });
		const number = count ? String(count) : "not met";
		let x = bars.length ? bars[bars.length - 1][1] + 6 : LEFT + 6;
		if (bars.length && x + width(number) > LEFT + PLOT - 2)
			x = bars[0][0] - 6 - width(number);
		picture.text(count ? "count" : "count none", x < LEFT ? LEFT + 6 : x, y + 30, number);
	}

	function phase(histogram, expected, passed, sweep) {
		const { LEFT, RIGHT, HEAD: TOP, ROW, FOOT: BELOW, PLOT, LABEL } = PHASE;
		sweep = sweep || {};
		const rows = bands(histogram, expected);
		const ticks = new Map(histogram.map(([, trace], i) => [trace, (sweep.ticks || [])[i]]).filter(([, text]) => text));
		const spans = spansOf(rows, ticks), scale = scaleOf(spans);
		const labels = placed(ticks.size ? startsOf(rows, spans, sweep, ticks) : [], scale);
		const footer = footerOf(sweep, rows.reduce((sum, [count]) => sum + count, 0));
		const words = [footer[0], ...rows.map(([count, trace]) =>
			`${count}${ticks.has(trace) ? ` (${ticks.get(trace)})` : ""}: ${trace}.`), ...footer.slice(1)].join(" ");
		const bottom = TOP + ROW * rows.length + 4;
		const foot = bottom + (labels.length ? 4 + LABEL * (1 + max(...labels.map(({ line }) => line))) : 0);
		const picture = new Drawing(LEFT + PLOT + RIGHT, foot + BELOW - 4 + LABEL * (footer.length - 1), words);
		picture.line("axis", LEFT, bottom, LEFT + PLOT - 8, bottom);
		picture.add("path", "axis-head", { d: `M${LEFT + PLOT} ${bottom}l-9 -4l0 8z` });
		footer.forEach((text, i) => picture.text(text.startsWith("INCOMPLETE") ? "where incomplete" : "where", LEFT,
			foot + 19 + LABEL * i, text));
		const met = rows.map((_, i) => i).filter((i) => rows[i][0]);
		met.slice(1).forEach((at, i) => {
			if (orderOf(rows[met[i]][1]).join() === orderOf(rows[at][1]).join() || !spans[at].length)
				return;
			const text = "the order flips here", x = scale.get(spans[at][0][0]);
			picture.line("flip", x, 22, x, bottom);
			picture.text("flip-name", Math.min(x + 6, LEFT + PLOT - width(text)), 20, text);
		});
		rows.forEach(([count, trace], i) => band(picture, TOP + ROW * i,
			spans[i].map(([a, b]) => [scale.get(a), scale.get(b)]), count, trace,
			(passed || expected.includes(trace) ? kind(trace) : "illegal") +
			((ticks.get(trace) || "").startsWith("~") ? " mixed" : "")));
		for (const { lead, line } of labels)
			picture.line("lead", lead, bottom, lead, bottom + 4 + LABEL * line);
		for (const { x, line, text } of labels)
			picture.text("tick", x, bottom + 15 + LABEL * line, text);
		return picture;
	}

	return phase;
})(draw.tools);
