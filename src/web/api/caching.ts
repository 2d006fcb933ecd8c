/** Whether If-None-Match names that entity tag (RFC 9110 13.1.2), weakly compared. */
export function namesTag(header: string | undefined, tag: string): boolean {
  const named = (header ?? "").split(",").map((each) => each.trim().replace(/^W\//, ""));
  return named.includes(tag) || named.includes("*");
}
