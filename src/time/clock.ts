/** Gives the present moment. Rules take a `Date` or a `Clock`; nothing else reads the wall clock. */
export type Clock = () => Date;

/** The machine's own clock; used at the edges (app, bench) only. */
export const systemClock: Clock = () => new Date();
