// Asks a question with the AI-SDK's own transport, which holds every chunk against its strict
// schema, and prints what came of it: the chunks, the message, and the errors of the stream.
import { DefaultChatTransport, readUIMessageStream } from 'ai';

const { api, token, store, question } = JSON.parse(process.argv[2]);

const transport = new DefaultChatTransport({
  api,
  headers: {
    authorization: `Bearer ${token}`,
    'x-requested-with': 'XMLHttpRequest',
    'x-stream-profile': 'ai-sdk',
  },
  body: { storeIds: [store] },
});

const stream = await transport.sendMessages({
  trigger: 'submit-message',
  chatId: 'a-chat',
  messageId: undefined,
  messages: [{ id: 'a-message', role: 'user', parts: [{ type: 'text', text: question }] }],
  abortSignal: undefined,
});

const chunks = [];
const errors = [];
const seen = stream.pipeThrough(
  new TransformStream({
    transform(chunk, controller) {
      chunks.push(chunk);
      controller.enqueue(chunk);
    },
  }),
);

let message = null;
const messages = readUIMessageStream({
  stream: seen,
  onError: error => errors.push(error.message),
});
for await (const state of messages) {
  message = state;
}

console.log(JSON.stringify({ chunks, message, errors }));
