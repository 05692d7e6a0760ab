// Asks a server by OpenAI's own client for Node, and ends with status 1 where
// something is not as it should be: node main.mjs BASE_URL KEY
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 2, timeout: 30_000 });
const ask = (model, content) => ({ model, messages: [{ role: 'user', content }] });

const models = [];
for await (const m of client.models.list()) models.push(m.id);
assert.equal(models.length, 3);

const whole = await client.chat.completions.create(ask('parrot', 'one two three'));
assert.equal(whole.choices[0].message.content, 'one two three');
assert.equal(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens);

let text = '';
let usage;
for await (const chunk of await client.chat.completions.create({ ...ask('parrot', 'one two three'), stream: true, stream_options: { include_usage: true } })) {
  text += chunk.choices[0]?.delta?.content ?? '';
  usage = chunk.usage ?? usage;
}
assert.equal(text, 'one two three');
assert.ok(usage.completion_tokens > 0);

const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'], additionalProperties: false };
const planned = await client.chat.completions.create({
  ...ask('scripted', 'a plan'), response_format: { type: 'json_schema', json_schema: { name: 'plan', strict: true, schema } },
});
assert.deepEqual(JSON.parse(planned.choices[0].message.content), { ok: true });

// A fault the first time, which the client gets over.
const again = await client.chat.completions.create(ask('flaky', 'hello'));
assert.equal(again.choices[0].message.content, 'hello');

// A 429 that says when to come back: waited for, and told in the end.
const began = Date.now();
await assert.rejects(client.chat.completions.create(ask('parrot:F02l', 'hello')), (e) => e.status === 429);
assert.ok(Date.now() - began > 400, `it came back too soon: ${Date.now() - began} ms for three attempts`);

// A connection that breaks in the middle of a stream.
await assert.rejects(async () => {
  for await (const _ of await client.chat.completions.create({ ...ask('parrot:F18d', 'one two three four five'), stream: true }));
});

await assert.rejects(client.chat.completions.create(ask('scripted', 'no money')), (e) => e.status === 402 && e.code === 'insufficient_quota');
