import { AuditSchedule } from './audit-schedule';

describe('AuditSchedule', () => {
  /** After an audit that took `tookMs`, ended at 1000. */
  const audited = (tookMs: number) => {
    const audits = new AuditSchedule(3000);
    audits.begun();
    audits.ended(1000 - tookMs, 1000);
    return audits;
  };

  it('wants the first one at once', () => {
    expect(new AuditSchedule(3000).isDue(0)).toBe(true);
  });

  it('wants the next after its interval, or later where an audit takes long: at most a twentieth of the time', () => {
    expect(audited(10).dueAtMs()).toBe(4000);
    expect(audited(1000).dueAtMs()).toBe(20_000);
  });

  it('lets one that something calls for take at most a quarter of the time', () => {
    const audits = audited(100);
    audits.callFor('prompt');
    expect([audits.isDue(1299), audits.isDue(1300)]).toEqual([false, true]);
  });

  it('lets one after a restart of the engine wait for nothing, whatever else calls for one', () => {
    const audits = audited(1000);
    audits.callFor('immediate');
    audits.callFor('prompt');
    expect(audits.isDue(1000)).toBe(true);
  });

  it('does not take an audit that had begun before for the answer', () => {
    const audits = audited(0);
    audits.begun();
    audits.callFor('immediate');
    audits.ended(1000, 1010);
    expect(audits.isDue(1010)).toBe(true);
  });
});
