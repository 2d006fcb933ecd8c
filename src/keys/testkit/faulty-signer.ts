import { SmkiError } from "../../errors/smki-error.ts";
import type { Signer } from "../signer.ts";

/** `before-signing`: nothing was signed. `answer-lost`: it was signed, and nobody saw the signature. */
export type SigningFault = "before-signing" | "answer-lost";

export const signingFaults: readonly SigningFault[] = ["before-signing", "answer-lost"];

/** A signer that fails once. */
export interface FaultySigner {
  readonly signer: Signer;
  /** Signing calls so far. */
  readonly calls: () => number;
  /** Whether the call that should fail has come. */
  readonly hasFailed: () => boolean;
}

/** A real signer whose signing call of that number, from 1, fails with KEY_STORE_UNAVAILABLE. */
export function faultySigner(real: Signer, call: number, fault: SigningFault): FaultySigner {
  let calls = 0;
  const around = async <Answer>(sign: () => Promise<Answer>): Promise<Answer> => {
    calls += 1;
    if (calls !== call) return sign();
    if (fault === "answer-lost") await sign();
    throw new SmkiError("KEY_STORE_UNAVAILABLE", { fault });
  };
  const signer = changed(real, {
    sign: (label, message) => around(() => real.sign(label, message)),
    signMany: (label, messages) => around(() => real.signMany(label, messages)),
  });
  return { signer, calls: () => calls, hasFailed: () => calls >= call };
}

/** A real signer that lacks one key. */
export function signerWithout(real: Signer, missing: string): Signer {
  const refuse = (label: string) => {
    if (label === missing) throw new SmkiError("KEY_NOT_FOUND", { label });
  };
  return changed(real, {
    findKey: async (label) => {
      refuse(label);
      return real.findKey(label);
    },
    sign: async (label, message) => {
      refuse(label);
      return real.sign(label, message);
    },
    signMany: async (label, messages) => {
      refuse(label);
      return real.signMany(label, messages);
    },
  });
}

/** The signer with some of its methods replaced; a real one keeps its state in private fields. */
function changed(real: Signer, methods: Partial<Signer>): Signer {
  return new Proxy(real, {
    get(target, name) {
      const replaced: unknown = Reflect.get(methods, name);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
