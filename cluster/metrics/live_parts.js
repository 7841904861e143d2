'use strict';
// What the page of a run is made of: numbers for people, rates, tables and curves. Whatever a run
// says is text: it is never read as markup.
const rate_seconds = 5;  // over which rates are taken
const slow_share = 0.5, quiet_windows = 3, quiet_seconds = 2;  // as for `troupe status`

const by_id = (id) => document.getElementById(id);
const is_number = (value) => typeof value === 'number' && isFinite(value);
const list = (value) => (Array.isArray(value) ? value : []);

function made(name, text, look) {
  const out = document.createElement(name);
  if (text !== undefined) out.textContent = text;
  if (look) out.className = look;
  return out;
}
function drawn(name, attributes, text) {
  const out = document.createElementNS('http://www.w3.org/2000/svg', name);
  Object.keys(attributes).forEach((key) => out.setAttribute(key, attributes[key]));
  if (text !== undefined) out.textContent = text;
  return out;
}

// Numbers for people; a dash where there is none.
function fixed(value, digits) { return is_number(value) ? value.toFixed(digits || 0) : '–'; }
function count(value) {
  return is_number(value) ? Math.round(value).toLocaleString('en-US') : '–';
}
function short(value) { return is_number(value) ? String(Number(value.toPrecision(4))) : '–'; }
function bytes(value) {
  if (!is_number(value)) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  for (; value >= 999.5 && unit + 1 < units.length; ++unit) value /= 1000;
  return (unit ? Number(value.toPrecision(3)) : Math.round(value)) + ' ' + units[unit];
}
function span(seconds) {
  if (!is_number(seconds)) return '–';
  const all = Math.ceil(Math.max(seconds, 0)), two = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(all / 3600), minutes = Math.floor(all / 60) % 60;
  return (hours ? hours + ':' + two(minutes) : minutes) + ':' + two(all % 60);
}
function words(value) {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : short(value);
  if (Array.isArray(value)) return value.map(words).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
function sum(parts, key) {
  return list(parts).reduce((all, part) => all + (is_number(part[key]) ? part[key] : 0), 0);
}

// Rates over the last seconds: of rows by the run's own time, which stands still in a pause.
let samples = [];
function keep_sample(status) {
  const next = {
    now: performance.now() / 1000, seconds: status.seconds || 0, rows: status.rows || 0,
    servers: list(status.parameter_servers).map((server) => ({
      known: list(server.slices).length > 0, received: sum(server.slices, 'bytes_received'),
      sent: sum(server.slices, 'bytes_sent')
    }))
  };
  const last = samples[samples.length - 1];
  // A run that went back, or another cast, makes no rates with what was before.
  if (last && (next.rows < last.rows || next.servers.length !== last.servers.length)) samples = [];
  samples.push(next);
  while (samples.length > 2 && samples[1].now <= next.now - rate_seconds) samples.shift();
}
function rate_of(status) {
  const first = samples[0], last = samples[samples.length - 1];
  const took = last.seconds - first.seconds;
  return took >= 1 ? (last.rows - first.rows) / took : status.samples_per_second;
}
function server_rate(index, key) {
  const first = samples[0], last = samples[samples.length - 1], took = last.now - first.now;
  const from = first.servers[index], to = last.servers[index];
  if (!from || !to || !from.known || !to.known || took < 0.5 || to[key] < from[key]) return NaN;
  return (to[key] - from[key]) / took;
}

function median_speed(workers) {
  const speeds = workers.filter((w) => w.state === 'ready' && is_number(w.samples_per_second))
      .map((w) => w.samples_per_second).sort((a, b) => a - b);
  const half = speeds.length / 2;
  if (speeds.length < 2) return NaN;
  return (speeds[Math.ceil(half) - 1] + speeds[Math.floor(half)]) / 2;
}
// What is wrong with a worker; empty: nothing.
function remark_on(w, median, training) {
  if (w.state === 'lost' || w.state === 'silent') return w.state;
  if (w.state !== 'ready') return '';
  const speed = w.samples_per_second;
  if (is_number(speed) && speed < slow_share * median) return 'slow ' + fixed(speed / median, 2);
  const known = is_number(w.seconds_since_report) && is_number(speed) && w.commits > 0;
  if (!training || !known || !(w.rows_leased > 0)) return '';
  const window = w.rows / w.commits / speed;
  return w.seconds_since_report >= Math.max(quiet_seconds, quiet_windows * window) ? 'quiet' : '';
}

// A table of rows {look, cells}; a cell is {text, share, look} or a text.
function fill_table(section, heads, rows) {
  const table = by_id(section).querySelector('table');
  const head = made('tr'), body = made('tbody');
  heads.forEach((h) => {
    const cell = made('th', h.text, h.number === false ? '' : 'number');
    cell.scope = 'col';
    if (h.means) cell.title = h.means;
    head.appendChild(cell);
  });
  rows.forEach((row) => {
    const line = made('tr', undefined, row.look);
    row.cells.forEach((c, i) => {
      const of = typeof c === 'object' ? c : {text: c};
      const number = heads[i].number !== false;
      const cell = made('td', undefined, (number ? 'number ' : '') + (of.look || ''));
      if (is_number(of.share)) {
        const bar = made('i', undefined, 'bar'), full = made('i');
        full.style.width = 100 * Math.min(Math.max(of.share, 0), 1) + '%';
        bar.appendChild(full);
        cell.appendChild(bar);
      }
      cell.appendChild(document.createTextNode(of.text));
      line.appendChild(cell);
    });
    body.appendChild(line);
  });
  const top = made('thead');
  top.appendChild(head);
  table.replaceChildren(top, body);
  by_id(section).hidden = rows.length === 0;
}
function set_heading(section, title, remark, bad) {
  const small = made('small', remark, bad ? 'bad' : '');
  by_id(section).querySelector('h2').replaceChildren(document.createTextNode(title + ' '), small);
}

// A curve in its frame, with the evaluations that were seen.
const evaluations = [];
function ticks(low, high, most) {
  const raw = (high - low) / most, unit = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * unit).find((s) => s >= raw) || 10 * unit;
  const out = [];
  for (let t = Math.ceil(low / step); t * step <= high + step * 1e-9; ++t) out.push(t * step);
  return out;
}
function draw_curve(id, times, values, now) {
  const figure = by_id(id), svg = figure.querySelector('svg');
  const points = [];
  times.forEach((time, i) => {
    if (is_number(time) && is_number(values[i])) points.push([time, values[i]]);
  });
  figure.hidden = points.length === 0;
  if (!points.length) return;
  const dots = evaluations.filter((e) => is_number(e[id])).map((e) => [e.time, e[id]]);
  const ys = points.concat(dots).map((p) => p[1]);
  let low = Math.min(...ys), high = Math.max(...ys);
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  low -= room;
  high += room;
  const first = Math.min(0, points[0][0]);
  const last = Math.max(points[points.length - 1][0], ...dots.map((d) => d[0]), first + 1e-3);
  const left = 58, right = 606, top = 10, bottom = 214;
  const x = (t) => left + (t - first) / (last - first) * (right - left);
  const y = (v) => bottom - (v - low) / (high - low) * (bottom - top);
  const parts = [];
  ticks(low, high, 5).forEach((t) => {
    parts.push(drawn('path', {'class': 'grid', d: 'M' + left + ' ' + y(t) + 'H' + right}));
    parts.push(drawn('text', {x: left - 8, y: y(t) + 4, 'text-anchor': 'end'}, short(t)));
  });
  ticks(first, last, 6).forEach((t) => {
    parts.push(drawn('text', {x: x(t), y: bottom + 20, 'text-anchor': 'middle'}, short(t) + ' s'));
  });
  parts.push(drawn('path', {'class': 'axis', d: 'M' + left + ' ' + bottom + 'H' + right}));
  const line = points.map((p) => x(p[0]).toFixed(1) + ' ' + y(p[1]).toFixed(1)).join('L');
  const end = x(points[points.length - 1][0]).toFixed(1), begin = x(points[0][0]).toFixed(1);
  const series = drawn('g', {'class': 'series ' + (id === 'loss' ? 'c0' : 'c2')});
  series.appendChild(drawn('path', {
    'class': 'area', d: 'M' + line + 'L' + end + ' ' + bottom + 'L' + begin + ' ' + bottom + 'Z'}));
  series.appendChild(drawn('path', {'class': 'curve', d: 'M' + line}));
  parts.push(series);
  dots.forEach((d) => {
    const dot = drawn('circle', {'class': 'dot', cx: x(d[0]), cy: y(d[1]), r: 4});
    dot.appendChild(drawn('title', {}, 'evaluation: ' + short(d[1])));
    parts.push(dot);
  });
  svg.replaceChildren(...parts);
  const scored = dots.length ? ', evaluated ' + short(dots[dots.length - 1][1]) + ' (circles)' : '';
  figure.querySelector('.note').textContent = 'training ' + short(now) + scored;
}
