// Follows a run: asks for its status every second, shows what it says, and waits for its end.
// Behind live_parts.js, in one script.
const period = 1000, patience = 5000, after_end = 5000;  // milliseconds
const most_events = 300;

const has_nodes = (parts) => parts.some((part) => part.node);

function show_workers(status) {
  const workers = list(status.workers), nodes = has_nodes(workers);
  const median = median_speed(workers), all_rows = sum(workers, 'rows');
  const fastest = Math.max(1, ...workers.map((w) => w.samples_per_second || 0));
  let troubled = 0;
  const rows = workers.map((w) => {
    const wrong = remark_on(w, median, status.state === 'training');
    if (wrong) ++troubled;
    let state = wrong || w.state;
    if (w.incarnation > 1 && !wrong) state += ' (' + w.incarnation + '.)';
    const share = all_rows > 0 ? w.rows / all_rows : NaN;
    const waited = w.seconds > 0 ? 100 * w.seconds_waited / w.seconds : NaN;
    const cells = [words(w.worker)].concat(nodes ? [w.node] : [], [
      {text: state, look: 'state'},
      {text: count(w.samples_per_second), share: (w.samples_per_second || 0) / fastest},
      {text: is_number(share) ? fixed(100 * share) + ' %' : '–', share: share || 0},
      fixed(w.staleness, 1), count(w.windows_behind), count(w.rows_moved_in),
      count(w.rows_moved_out), is_number(waited) ? fixed(waited) + ' %' : '–', short(w.loss),
      is_number(w.seconds_since_report) ? fixed(w.seconds_since_report, 1) + ' s' : '–',
      count(w.window_rows), count(w.rows_leased)
    ]);
    const idle = w.state === 'absent' || w.state === 'joining';
    return {look: wrong ? 'bad' : idle ? 'dim' : '', cells: cells};
  });
  const heads = [{text: 'worker'}].concat(nodes ? [{text: 'node', number: false}] : [], [
    {text: 'state', number: false}, {text: 'rows/s', means: 'speed over its last windows'},
    {text: 'share', means: 'of all rows trained, how many it trained'},
    {text: 'staleness', means: 'commits of others its last commit had not seen'},
    {text: 'lag', means: 'windows it is behind the one furthest on'},
    {text: 'moved in', means: 'rows that were others\' and were moved to it'},
    {text: 'moved out', means: 'rows moved away from it'},
    {text: 'waited', means: 'share of its time in which it waited for others to be answered'},
    {text: 'loss', means: 'of its last window'}, {text: 'heard', means: 'since its last report'},
    {text: 'window', means: 'rows of one of its windows'},
    {text: 'leased', means: 'rows it was given and has not reported'}
  ]);
  fill_table('workers', heads, rows);
  set_heading('workers', count(workers.length) + (workers.length === 1 ? ' worker' : ' workers'),
              troubled ? troubled + ' not keeping up' : '', true);
}

function extremes(parts, key) {
  const all = parts.map((part) => part[key]).filter(is_number);
  if (!all.length) return '–';
  const least = Math.min(...all), most = Math.max(...all);
  return least === most ? count(least) : count(least) + ' … ' + count(most);
}
function show_servers(status) {
  const servers = list(status.parameter_servers), nodes = has_nodes(servers);
  // Servers that have played their part say nothing; what they said last stands.
  if (status.state === 'done' && !by_id('servers').hidden) return;
  const per_second = (rate) => (is_number(rate) ? bytes(rate) + '/s' : '–');
  const rows = servers.map((server, i) => {
    const slices = list(server.slices);
    const backups = slices.reduce((all, slice) => all + list(slice.backups).length, 0);
    return {look: server.state === 'silent' ? 'bad' : '', cells:
        [words(server.parameter_server)].concat(nodes ? [server.node] : [], [
          {text: server.state, look: 'state'}, count(slices.length), count(backups),
          extremes(slices, 'version'), per_second(server_rate(i, 'received')),
          per_second(server_rate(i, 'sent')), bytes(sum(slices, 'bytes_received')),
          bytes(sum(slices, 'bytes_sent')), count(server.queue)])};
  });
  fill_table('servers', [{text: 'server'}].concat(nodes ? [{text: 'node', number: false}] : [], [
    {text: 'state', number: false}, {text: 'slices'}, {text: 'backups'}, {text: 'version'},
    {text: 'in'}, {text: 'out'}, {text: 'received'}, {text: 'sent'},
    {text: 'queue', means: 'messages that wait there'}]), rows);
  set_heading('servers', count(servers.length) +
              (servers.length === 1 ? ' parameter server' : ' parameter servers'), '');
}
function show_nodes(status) {
  const nodes = list(status.nodes), keys = nodes.length ? Object.keys(nodes[0]) : [];
  const numbers = (key) => nodes.some((node) => is_number(node[key]));
  fill_table('nodes', keys.map((key) => ({text: key.replace(/_/g, ' '), number: numbers(key)})),
             nodes.map((node) => ({look: ['lost', 'silent'].includes(node.state) ? 'bad' : '',
                                   cells: keys.map((key) => words(node[key]))})));
}

function show_curves(status) {
  const last = status.evaluation, seen = evaluations[evaluations.length - 1];
  if (last && is_number(last.time) && !(seen && seen.time === last.time)) {
    if (seen && last.time < seen.time) evaluations.length = 0;
    evaluations.push({time: last.time, loss: last.loss, accuracy: last.accuracy});
  }
  const history = status.history || {}, times = list(history.time);
  draw_curve('loss', times, list(history.loss), status.loss);
  draw_curve('accuracy', times, list(history.accuracy), status.accuracy);
  by_id('curves').hidden = by_id('loss').hidden && by_id('accuracy').hidden;
}

function tile(name, value, small) {
  const box = made('div'), data = made('dd', value);
  if (small) data.appendChild(made('small', ' ' + small));
  box.append(made('dt', name), data);
  return box;
}
function show_run(status) {
  const choices = [status.protocol, status.consistency, status.compression];
  by_id('name').textContent = words(status.name);
  by_id('optimizer').textContent = choices.filter((c) => c && c !== 'none').join(', ');
  document.title = words(status.name) + ' – ' + words(status.state);
  const share = status.total_rows > 0 ? status.rows / status.total_rows : NaN;
  by_id('overview').hidden = !is_number(share);
  if (!is_number(share)) return;
  const percent = Math.min(100 * share, 100), rate = rate_of(status);
  if (status.state === 'training') document.title = fixed(percent) + ' % ' + document.title;
  by_id('progress').setAttribute('aria-valuenow', percent.toFixed(0));
  by_id('progress').firstElementChild.style.width = percent + '%';
  by_id('done').textContent = 'epoch ' + count(status.epoch) + ' of ' + count(status.epochs) +
      ', ' + count(status.rows) + ' of ' + count(status.total_rows) + ' rows (' +
      fixed(percent, percent < 1 ? 1 : 0) + ' %)';
  const left = (status.total_rows - status.rows) / rate;
  by_id('left').textContent = span(status.seconds) + ' trained' +
      (status.state === 'training' && rate > 0 ? ', about ' + span(left) + ' left' : '');
  const tiles = [tile('rows a second', count(rate)), tile('training loss', short(status.loss))];
  if (is_number(status.accuracy)) tiles.push(tile('training accuracy', fixed(status.accuracy, 4)));
  const last = status.evaluation;
  if (last) {
    tiles.push(tile(words(last.part) + ' loss', short(last.loss)));
    Object.keys(last.metrics || {}).forEach((name) => {
      tiles.push(tile(words(last.part) + ' ' + name.replace(/_/g, ' '), short(last.metrics[name])));
    });
  }
  tiles.push(tile('commits', count(status.commits)),
             tile('mean staleness', fixed(status.mean_staleness, 2)),
             tile('sent', bytes(status.bytes_sent)),
             tile('received', bytes(status.bytes_received)));
  const kept = status.checkpoints || {};
  if (kept.written > 0) {
    tiles.push(tile('checkpoints', count(kept.written),
                    'last ' + span(status.seconds - kept.time) + ' ago'));
  }
  by_id('tiles').replaceChildren(...tiles);
}

// Events: rows are often moved a few at a time, what one worker gives in one epoch is one line.
const bad_events = ['diverged', 'failed', 'worker_lost', 'node_lost', 'parameter_server_lost',
                    'data_shard_lost', 'checkpoint_failed', 'recast_failed'];
const odd_events = ['rebalanced', 'worker_suspected', 'went_back', 'node_refused', 'paused',
                    'checkpoint_damaged'];
let shown_events = [], next_event = 0;
function facts_of(e) {
  if (e.event === 'rebalanced' && Array.isArray(e.window_rows)) {
    return 'rows a window, by worker: ' + e.window_rows.map((w) => words(w.rows)).join(', ');
  }
  if (e.event === 'rebalanced') {
    return words(e.rows) + ' rows of epoch ' + words(e.epoch) + ': worker ' + words(e.from) +
        (e.to.length > 1 ? ' → workers ' : ' → worker ') + words(e.to);
  }
  return Object.keys(e).filter((key) => key !== 'time' && key !== 'event')
      .map((key) => key.replace(/_/g, ' ') + ' ' + words(e[key])).join(', ');
}
function take_event(e) {
  const last = shown_events[shown_events.length - 1];
  if (e.event === 'rebalanced' && !Array.isArray(e.window_rows)) {
    e.to = [].concat(e.to);
    if (last && last.event === e.event && last.to && last.from === e.from &&
        last.epoch === e.epoch) {
      last.rows += e.rows;
      last.to = Array.from(new Set(last.to.concat(e.to))).sort((a, b) => a - b);
      return;
    }
  }
  shown_events.push(e);
  if (shown_events.length > most_events) shown_events.shift();
}
function show_events(answer) {
  if (answer.next < next_event) shown_events = [];  // another process leads the run
  if (answer.next === next_event) return;
  list(answer.events).forEach(take_event);
  next_event = answer.next;
  const items = shown_events.map((e) => {
    const item = made('li'), text = made('span');
    item.className = bad_events.includes(e.event) ? 'trouble'
        : odd_events.includes(e.event) ? 'odd' : '';
    text.append(made('b', words(e.event).replace(/_/g, ' ')), ' ' + facts_of(e));
    item.append(made('time', fixed(e.time, 1) + ' s'), text);
    return item;
  });
  by_id('events').querySelector('ul').replaceChildren(...items.reverse());
  by_id('events').hidden = items.length === 0;
}

// How things stand between the page and the run.
let ending = null, last_heard = null;
function set_state(text, look) {
  by_id('state').textContent = text;
  by_id('state').className = 'badge ' + look;
}
function set_notice(text, look) {
  by_id('notice').textContent = text;
  by_id('notice').className = 'notice ' + look;
  by_id('notice').hidden = !text;
}
function live(status) {
  ending = null;
  last_heard = Date.now();
  document.body.className = '';
  set_notice('', '');
  const state = words(status.state);
  set_state(state, state === 'training' || state === 'done' ? 'good' : 'busy');
}
function lost(why) {
  if (ending) return;
  document.body.className = 'lost';
  set_state('connection lost', 'bad');
  const since = last_heard === null ? '' :
      ' What is shown is ' + span((Date.now() - last_heard) / 1000) + ' old.';
  set_notice(why + since + ' Trying again …', 'bad');
  document.title = 'connection lost – ' + by_id('name').textContent;
}
function over(how) {
  ending = how;
  document.body.className = '';
  const by = how.stopped_by, bad = !by || by === 'failed' || by === 'diverged';
  set_state('over', bad ? 'bad' : 'good');
  let text = 'The run has ended' + (by ? ', stopped by ' + words(by) : '');
  if (is_number(how.rows_trained)) {
    text += ': ' + count(how.rows_trained) + ' rows in ' + span(how.seconds);
  }
  if (is_number(how.test_loss)) text += ', test loss ' + short(how.test_loss);
  if (is_number(how.test_accuracy)) text += ', test accuracy ' + short(how.test_accuracy);
  set_notice(text + (how.failure ? ' – ' + words(how.failure) : '') + '.', bad ? 'bad' : 'good');
  document.title = 'over – ' + by_id('name').textContent;
  by_id('left').textContent = '';
}

async function ask(path) {
  const stop = new AbortController(), timer = setTimeout(() => stop.abort(), patience);
  try {
    const answer = await fetch(path, {signal: stop.signal, cache: 'no-store'});
    const said = await answer.json();
    if (!answer.ok) throw new Error(said && said.error ? words(said.error) : 'no answer');
    return said;
  } finally {
    clearTimeout(timer);
  }
}
async function look() {
  const begun = Date.now(), ended = ending;
  try {
    const status = await ask('/status');
    const events = await ask('/events?after=' + next_event);
    if (ending === ended) live(status);  // else it ended meanwhile
    if (status.seconds < (samples.length ? samples[samples.length - 1].seconds : 0)) samples = [];
    keep_sample(status);
    show_run(status);
    show_curves(status);
    show_workers(status);
    show_servers(status);
    show_nodes(status);
    show_events(events);
  } catch (problem) {
    const silent = problem instanceof TypeError || problem.name === 'AbortError';
    lost(silent ? 'The run does not answer.' : 'The run does not answer: ' + problem.message + '.');
  }
  if (ending) by_id('left').textContent = '';
  setTimeout(look, ending ? after_end : Math.max(period - (Date.now() - begun), 200));
}
// Answered when the run ends, and not before.
async function wait_for_end() {
  try {
    const answer = await fetch('/end', {cache: 'no-store'});
    if (answer.ok) over(await answer.json());
  } catch (ignored) {
    // Looking says what is the matter.
  }
  setTimeout(wait_for_end, period);
}
look();
wait_for_end();
