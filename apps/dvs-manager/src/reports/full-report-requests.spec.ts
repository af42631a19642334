import { FullReportRequests } from './full-report-requests';

it('asks a host once at a time and at most once a second, and again after a failure', async () => {
  const asked: string[] = [];
  let now = 0;
  let fail: (error: Error) => void = () => undefined;
  const requests = new FullReportRequests(
    (hostId) => {
      asked.push(hostId);
      return new Promise((_, reject) => (fail = reject));
    },
    { debug: () => undefined },
    () => now,
  );
  requests.request('a');
  requests.request('a');
  requests.request('b');
  expect(asked).toEqual(['a', 'b']);
  now = 5000;
  requests.request('b'); // still under way
  expect(asked).toHaveLength(2);
  fail(new Error('silent'));
  await new Promise(setImmediate);
  requests.request('b');
  expect(asked).toEqual(['a', 'b', 'b']);
});
