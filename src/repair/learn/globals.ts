// Names that mean the same in every program of a language: they may stand in a rewrite that is used elsewhere.

const JAVASCRIPT =
  'Array ArrayBuffer BigInt Boolean Buffer DataView Date Error EvalError Function Infinity Intl JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TextDecoder TextEncoder TypeError URIError URL URLSearchParams Uint8Array WeakMap WeakSet arguments console decodeURI decodeURIComponent encodeURI encodeURIComponent globalThis isFinite isNaN parseFloat parseInt process queueMicrotask setTimeout structuredClone super this undefined';
const PYTHON =
  'ArithmeticError AssertionError AttributeError BaseException Exception False IndexError IOError KeyError LookupError NameError None NotImplemented NotImplementedError OSError OverflowError RuntimeError StopIteration True TypeError UnicodeError ValueError ZeroDivisionError abs all any bin bool bytearray bytes callable chr classmethod cls complex dict dir divmod enumerate filter float format frozenset getattr hasattr hash hex id int isinstance issubclass iter len list map max memoryview min next object oct ord pow print property range repr reversed round self set setattr slice sorted staticmethod str sum super tuple type vars zip';

const NAMES = {
  javascript: new Set(JAVASCRIPT.split(' ')),
  python: new Set(PYTHON.split(' ')),
} as const;

export function isGlobalName(family: 'javascript' | 'python', name: string): boolean {
  return NAMES[family].has(name);
}
