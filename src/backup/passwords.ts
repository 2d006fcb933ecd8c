/** `postgresql://user:password@…`, and `?password=…` of the same. */
const inAuthority = /(postgres(?:ql)?:\/\/[^\s:@/"']*):[^\s@/"']*@/g;
const inQuery = /([?&]password=)[^&\s"']*/g;

/** A settings file without the passwords of database URLs: a back-up holds no secret in the clear. */
export function withoutPasswords(settings: string): string {
  return settings.replaceAll(inAuthority, "$1@").replaceAll(inQuery, "$1");
}
