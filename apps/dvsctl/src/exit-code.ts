/** What scripts can tell from the exit status of dvsctl. Once released, a number keeps its meaning. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'done' },
  usage: { code: 1, meaning: 'wrong usage or input: nothing was sent, or the given document is at fault' },
  refused: { code: 2, meaning: 'the manager refused the request: a field is wrong, or the token is' },
  notFound: { code: 3, meaning: 'there is no such object' },
  conflict: {
    code: 4,
    meaning: 'it conflicts with what exists, is in use, or has changed since it was read',
  },
  unreachable: {
    code: 5,
    meaning: 'the manager, or the host that it asked, can not be reached or can not work at the moment',
  },
  timeout: { code: 6, meaning: 'what was waited for did not come in time' },
  failed: { code: 7, meaning: 'what was waited for is in error, and waiting longer would not help' },
  defect: { code: 70, meaning: 'dvsctl itself has failed' },
  interrupted: { code: 130, meaning: 'interrupted (Ctrl-C)' },
} as const;

export type ExitReason = keyof typeof EXIT_CODES;
