// Names that mean the same in every program of a language: they may stand in a rewrite that is used elsewhere.
import type { LanguageFamily } from '#contracts/project.ts';

const JAVASCRIPT =
  'Array ArrayBuffer BigInt Boolean Buffer DataView Date Error EvalError Function Infinity Intl JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TextDecoder TextEncoder TypeError URIError URL URLSearchParams Uint8Array WeakMap WeakSet arguments console decodeURI decodeURIComponent encodeURI encodeURIComponent globalThis isFinite isNaN parseFloat parseInt process queueMicrotask setTimeout structuredClone super this undefined';
const PYTHON =
  'ArithmeticError AssertionError AttributeError BaseException Exception False IndexError IOError KeyError LookupError NameError None NotImplemented NotImplementedError OSError OverflowError RuntimeError StopIteration True TypeError UnicodeError ValueError ZeroDivisionError abs all any bin bool bytearray bytes callable chr classmethod cls complex dict dir divmod enumerate filter float format frozenset getattr hasattr hash hex id int isinstance issubclass iter len list map max memoryview min next object oct ord pow print property range repr reversed round self set setattr slice sorted staticmethod str sum super tuple type vars zip';

const RUBY =
  'ArgumentError Array Comparable Complex Dir Enumerable Enumerator Exception FalseClass File Float FrozenError Hash IO IOError IndexError Integer Kernel KeyError LocalJumpError Math Module NameError NilClass NoMethodError NotImplementedError Numeric Object Proc Range RangeError Rational Regexp RuntimeError Set StandardError StopIteration String Struct Symbol SystemExit Time TrueClass TypeError ZeroDivisionError block_given? false format lambda loop nil proc puts raise rand self super true';

const NAMES: Readonly<Record<LanguageFamily, ReadonlySet<string>>> = {
  javascript: new Set(JAVASCRIPT.split(' ')),
  python: new Set(PYTHON.split(' ')),
  ruby: new Set(RUBY.split(' ')),
};

export function isGlobalName(family: LanguageFamily, name: string): boolean {
  return NAMES[family].has(name);
}
