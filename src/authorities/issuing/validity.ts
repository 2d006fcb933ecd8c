/** The moment without its milliseconds: certificates state whole seconds (RFC 5280 4.1.2.5). */
export function wholeSecond(moment: Date): Date {
  return new Date(Math.floor(moment.getTime() / 1000) * 1000);
}

/**
 * The last second of a validity period of so many years: one second short of the anniversary, since both ends
 * of a validity period are included (RFC 5280 4.1.2.5).
 */
export function lastSecondAfterYears(notBefore: Date, years: number): Date {
  const anniversary = new Date(notBefore);
  anniversary.setUTCFullYear(notBefore.getUTCFullYear() + years);
  return new Date(anniversary.getTime() - 1000);
}
