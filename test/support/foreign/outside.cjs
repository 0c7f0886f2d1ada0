// Loaded before the server: names under .foreign.test are this machine, every other host is refused and noted in OUTSIDE_FILE.
const { appendFileSync } = require('node:fs');
const dns = require('node:dns');
const net = require('node:net');

const isHere = (host) => /^(127(\.\d+){3}|0\.0\.0\.0|::1?|localhost)$/u.test(host);
const isForeign = (host) => host.endsWith('.foreign.test');
const refused = (host) => {
  appendFileSync(process.env.OUTSIDE_FILE, `${host}\n`);
  return Object.assign(new Error(`no call may reach ${host}`), { code: 'ENOTFOUND', hostname: host });
};

const { lookup } = dns;
dns.lookup = (host, options, callback) => {
  const done = callback ?? options;
  if (isHere(host)) return lookup(host, options, callback);
  if (!isForeign(host)) return process.nextTick(done, refused(host));
  return process.nextTick(done, null, options?.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4);
};

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  const host = typeof options === 'object' ? (options.host ?? 'localhost') : (args[1] ?? 'localhost');
  const isLocal = (typeof options === 'object' && options.path) || isHere(host) || isForeign(host);
  if (isLocal) return connect.apply(this, args);
  process.nextTick(() => this.destroy(refused(host)));
  return this;
};
