import Type, {
  type TArray,
  type TBoolean,
  type TInteger,
  type TLiteral,
  type TSchema,
  type TString,
  type TUnion,
} from "typebox";

/** What a setting may hold. */
export type SettingValue = string | number | boolean | readonly string[];

/** What every setting says of itself, beside its type. */
export interface About {
  /** What it is for; printed above it in the settings file. */
  readonly description: string;
  /** What a value must be, to follow the words "must be". */
  readonly expected?: string;
  /** Its value where none is given, in both environments. */
  readonly value?: SettingValue;
  /** Its value where none is given, in one environment; there is none in the other. */
  readonly inTest?: SettingValue;
  readonly inLive?: SettingValue;
  /** Never printed. */
  readonly secret?: boolean;
  /** A file or folder; a relative one is meant from the folder of the settings file. */
  readonly path?: boolean;
  /** Another variable of the environment that sets it, beside its own. */
  readonly variable?: string;
}

export const text = (about: About & { readonly pattern?: string }): TString =>
  Type.String({ minLength: 1, expected: "a text", ...about });

export const path = (about: About): TString => text({ expected: "a path", path: true, ...about });

export const oid = (about: About): TString =>
  text({
    // The first arc is 0, 1 or 2, the second at most 39 below 2, and no arc has a leading zero (X.660).
    pattern: "^([01]\\.(\\d|[1-3]\\d)|2\\.(0|[1-9]\\d{0,38}))(\\.(0|[1-9]\\d{0,38})){0,30}$",
    expected: "an object identifier such as 2.999.1",
    ...about,
  });

export const wholeNumber = (about: About, from: number, to: number): TInteger =>
  Type.Integer({
    minimum: from,
    maximum: to,
    expected: `a whole number from ${String(from)} to ${String(to)}`,
    ...about,
  });

export const yesOrNo = (about: About): TBoolean => Type.Boolean({ expected: "true or false", ...about });

/** Texts of one form; in a variable of the environment they stand with commas between them. */
export const texts = (about: About & { readonly pattern: string }, most: number): TArray<TString> => {
  const { pattern, ...others } = about;
  return Type.Array(Type.String({ pattern }), { maxItems: most, expected: "a list of texts", ...others });
};

export const oneOf = <const Values extends readonly string[]>(
  values: Values,
  about: About,
): TUnion<{ -readonly [Index in keyof Values]: TLiteral<Values[Index]> }> =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { expected: `one of ${values.join(", ")}`, ...about },
  ) as unknown as TUnion<{ -readonly [Index in keyof Values]: TLiteral<Values[Index]> }>;

/** A setting as the other parts see it: one row of the catalogue. */
export interface Setting extends About {
  /** Dotted, as in the file: `web.tls.keyFile`. */
  readonly key: string;
  readonly expected: string;
  readonly schema: TSchema;
  /** May stay without a value. */
  readonly optional: boolean;
  /** `SMKI_WEB_TLS_KEY_FILE`. */
  readonly variables: readonly string[];
}

/** `web.tls.keyFile` is `SMKI_WEB_TLS_KEY_FILE`. */
const variableOf = (key: string): string =>
  `SMKI_${key
    .replaceAll(".", "_")
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toUpperCase()}`;

interface ObjectSchema {
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, TSchema>>;
}

/** Lists the settings of a schema in its order. */
export function listSettings(schema: TSchema, prefix = ""): Setting[] {
  const { properties, required = [] } = schema as unknown as ObjectSchema;
  return Object.entries(properties).flatMap(([name, property]): Setting[] => {
    const key = prefix + name;
    if ("properties" in property) return listSettings(property, `${key}.`);
    const about = property as unknown as About & { expected: string };
    const variables = [variableOf(key), ...(about.variable === undefined ? [] : [about.variable])];
    return [{ ...about, key, schema: property, optional: !required.includes(name), variables }];
  });
}

/** Its value where none is given. */
export const defaultOf = (setting: Setting, environment: "test" | "live"): SettingValue | undefined =>
  setting.value ?? (environment === "test" ? setting.inTest : setting.inLive);
