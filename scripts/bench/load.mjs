// Load from a process of its own: 32 connections, each request with a key of its own.
import autocannon from 'autocannon';

process.on('message', async ({ url, tokens, body, connections, seconds }) => {
  let n = 0;
  const { requests, non2xx, errors } = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: [
      {
        method: 'POST',
        body: JSON.stringify(body),
        setupRequest: (request) => {
          n += 1;
          request.headers = {
            'content-type': 'application/json',
            authorization: `Bearer ${tokens[n % tokens.length]}`,
            'idempotency-key': `bench-${process.pid}-${Date.now()}-${n}`,
          };
          return request;
        },
      },
    ],
  });
  process.send({ perSecond: requests.total / seconds, failed: non2xx + errors });
});
process.on('disconnect', () => process.exit(0));
