// Read-outs, series to switch, a filter and the theme: the page is whole without any of it.
(function () {
  'use strict';
  var root = document.documentElement;
  root.classList.add('script');

  function each(list, does) { Array.prototype.forEach.call(list, does); }

  // Light or dark, kept where the browser lets a file keep something.
  var kept = null;
  try { kept = localStorage.getItem('troupe-theme'); } catch (ignored) { kept = null; }
  if (kept === 'dark' || kept === 'light') root.dataset.theme = kept;
  var theme = document.getElementById('theme');
  if (theme) theme.addEventListener('click', function () {
    var system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    var next = (root.dataset.theme || system) === 'dark' ? 'light' : 'dark';
    root.dataset.theme = next;
    try { localStorage.setItem('troupe-theme', next); } catch (ignored) { return; }
  });

  function numbers(text) { return text ? text.split(' ').map(Number) : []; }

  // A legend's entries become buttons that hide their series.
  each(document.querySelectorAll('.legend li'), function (item) {
    var button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-pressed', 'true');
    while (item.firstChild) button.appendChild(item.firstChild);
    item.appendChild(button);
    button.addEventListener('click', function () {
      var on = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', String(on));
      each(item.closest('figure').querySelectorAll('.series'), function (series) {
        if (series.dataset.name === item.dataset.name) series.classList.toggle('off', !on);
      });
    });
  });

  function drawn(name, attributes) {
    var made = document.createElementNS('http://www.w3.org/2000/svg', name);
    Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    return made;
  }

  function short(value) {
    var size = Math.abs(value);
    if (size >= 1e6) return (value / 1e6).toPrecision(4) + 'M';
    if (size >= 1e5) return (value / 1e3).toPrecision(4) + 'k';
    return String(Number(value.toPrecision(4)));
  }

  // What a drawing's frame says: where its numbers lie.
  function frame_of(svg) {
    var at = numbers(svg.dataset.frame), x = numbers(svg.dataset.x), y = numbers(svg.dataset.y);
    var log = svg.classList.contains('log');
    return {
      left: at[0], right: at[1], bottom: at[2], top: at[3],
      x_at: function (value) { return at[0] + (value - x[0]) / (x[1] - x[0]) * (at[1] - at[0]); },
      x_of: function (place) { return x[0] + (place - at[0]) / (at[1] - at[0]) * (x[1] - x[0]); },
      y_at: function (value) {
        var share = log ? Math.log(value / y[0]) / Math.log(y[1] / y[0])
                        : (value - y[0]) / (y[1] - y[0]);
        return Math.max(Math.min(at[2] + share * (at[3] - at[2]), at[2]), at[3] - 4);
      }
    };
  }

  function nearest(xs, x) {
    var best = 0;
    for (var i = 1; i !== xs.length; ++i) {
      if (Math.abs(xs[best] - x) > Math.abs(xs[i] - x)) best = i;
    }
    return best;
  }

  var most_lines = 12;

  each(document.querySelectorAll('svg.plot'), function (svg) {
    var frame = frame_of(svg), all = null, layer = null, tip = null, at = null;
    var over_time = svg.classList.contains('by-time');

    function series() {
      if (all) return all;
      all = [];
      each(svg.querySelectorAll('.series[data-xs]'), function (group) {
        all.push({group: group, name: group.dataset.name, xs: numbers(group.dataset.xs),
                  ys: numbers(group.dataset.ys)});
      });
      return all;
    }

    function hide() {
      if (layer) layer.remove();
      if (tip) tip.remove();
      layer = tip = null;
    }

    function line(parent, look, name, text) {
      var row = document.createElement('div'), label = document.createElement('span');
      var value = document.createElement('span'), key = document.createElement('i');
      key.className = look;
      label.appendChild(key);
      label.appendChild(document.createTextNode(name));
      value.textContent = text;
      row.appendChild(label);
      row.appendChild(value);
      parent.appendChild(row);
    }

    function show(x) {
      hide();
      var shown = series().filter(function (s) { return !s.group.classList.contains('off'); });
      if (!shown.length) return;
      // To the nearest number there is.
      var found = shown.map(function (s) { return {of: s, at: nearest(s.xs, x)}; });
      found.sort(function (a, b) {
        return Math.abs(a.of.xs[a.at] - x) - Math.abs(b.of.xs[b.at] - x);
      });
      at = found[0].of.xs[found[0].at];
      found = shown.map(function (s) { return {of: s, at: nearest(s.xs, at)}; });
      layer = drawn('g', {});
      var place = frame.x_at(at);
      layer.appendChild(drawn('path', {
        'class': 'cross', d: 'M' + place + ' ' + frame.top + 'V' + frame.bottom}));
      tip = document.createElement('div');
      tip.className = 'tip';
      tip.setAttribute('role', 'status');
      var head = document.createElement('b');
      head.textContent = short(at) + (over_time ? ' s' : ' rows');
      tip.appendChild(head);
      found.slice(0, most_lines).forEach(function (f) {
        var look = f.of.group.getAttribute('class').replace('series', ''), y = f.of.ys[f.at];
        line(tip, look, f.of.name, short(y));
        layer.appendChild(drawn('circle', {
          'class': 'spot' + look, cx: frame.x_at(f.of.xs[f.at]), cy: frame.y_at(y), r: 4}));
      });
      if (found.length > most_lines) line(tip, '', (found.length - most_lines) + ' more', '');
      svg.appendChild(layer);
      svg.parentNode.appendChild(tip);
      var right = place > (frame.left + frame.right) / 2;
      var width = svg.viewBox.baseVal.width;
      tip.style[right ? 'right' : 'left'] =
          100 * (right ? 1 - (place - 12) / width : (place + 12) / width) + '%';
    }

    svg.addEventListener('pointermove', function (event) {
      var box = svg.getBoundingClientRect();
      show(frame.x_of((event.clientX - box.left) / box.width * svg.viewBox.baseVal.width));
    });
    svg.addEventListener('pointerleave', hide);
    svg.addEventListener('blur', hide);
    svg.addEventListener('keydown', function (event) {
      var step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
      if (event.key === 'Escape') hide();
      if (!step) return;
      event.preventDefault();
      var places = [];
      series().forEach(function (s) {
        if (!s.group.classList.contains('off')) places = places.concat(s.xs);
      });
      if (!places.length) return;
      places.sort(function (a, b) { return a - b; });
      if (at === null) return show(places[step > 0 ? 0 : places.length - 1]);
      var beyond = places.filter(function (x) { return step > 0 ? x > at : at > x; });
      if (beyond.length) show(step > 0 ? beyond[0] : beyond[beyond.length - 1]);
    });
  });

  var find = document.getElementById('find');
  if (find) find.addEventListener('input', function () {
    var wanted = find.value.toLowerCase();
    each(document.querySelectorAll('.story li'), function (item) {
      item.classList.toggle('hidden', item.textContent.toLowerCase().indexOf(wanted) === -1);
    });
  });
})();
