// Twilio's official client for Node, on a line: each line of standard input is {"op": name, ...}, each answer
// {"ok": value} or {"error": {status, code, message}}. Every request goes to the simulator; any other host is refused.
'use strict';

const twilio = require('twilio');

const [base, accountSid, authToken] = process.argv.slice(2);

class ToSimulator extends twilio.RequestClient {
  request(options) {
    const wanted = new URL(options.uri);
    if (wanted.hostname !== 'api.twilio.com') throw new Error(`a request to ${wanted.hostname}`);
    return super.request({ ...options, uri: base + wanted.pathname + wanted.search });
  }
}

function connect(user, password, account) {
  return twilio(user, password, { accountSid: account, httpClient: new ToSimulator() });
}

// Dates travel as ISO 8601, and parameters named like one become dates.
function dated(options = {}) {
  return Object.fromEntries(Object.entries(options).map(([k, v]) => [k, /^\d{4}-.*Z$/.test(v) ? new Date(v) : v]));
}

const plain = (instance) => instance.toJSON();
const client = connect(accountSid, authToken, accountSid);

const operations = {
  recordings: async ({ options }) => (await client.recordings.list(dated(options))).map(plain),
  recordingsOfCall: async ({ call, options }) => (await client.calls(call).recordings.list(dated(options))).map(plain),
  recording: async ({ sid, options }) => plain(await client.recordings(sid).fetch(options)),
  remove: ({ sid }) => client.recordings(sid).remove(),
  calls: async ({ options }) => (await client.calls.list(dated(options))).map(plain),
  call: async ({ sid }) => plain(await client.calls(sid).fetch()),
  numbers: async ({ options }) => (await client.incomingPhoneNumbers.list(options)).map(plain),
  setUp: async ({ sid, options }) => plain(await client.incomingPhoneNumbers(sid).update(options)),
  account: async () => plain(await client.api.accounts(accountSid).fetch()),
  as: async ({ user, password, sid }) => plain(await connect(user, password, accountSid).recordings(sid).fetch()),
  validate: ({ url, params, signature }) => twilio.validateRequest(authToken, signature, url, params),
  validateBody: ({ url, body, signature }) => twilio.validateRequestWithBody(authToken, signature, url, body),
};

async function answer(line) {
  const { op, ...rest } = JSON.parse(line);
  try {
    return { ok: await operations[op](rest) };
  } catch (error) {
    return { error: { status: error.status, code: error.code, message: error.message } };
  }
}

async function main() {
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
}

main();
