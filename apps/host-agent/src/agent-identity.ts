/** Who this agent is, on the bus and to people. */
export class AgentIdentity {
  constructor(
    readonly hostId: string,
    readonly version: string,
    /** This start of the agent. */
    readonly bootId: string,
  ) {}
}
