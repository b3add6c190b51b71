// What our syntax trees keep of each parser's: which fields, under which names, and where a language has no node for a statement.
import type { LanguageFamily } from '#contracts/project.ts';

export const SYNTAX_LANGUAGES = ['javascript', 'typescript', 'tsx', 'python', 'ruby'] as const;
export type SyntaxName = (typeof SYNTAX_LANGUAGES)[number];

/** A field as the parser names it, or that name and ours. */
type Field = string | readonly [theirs: string, ours: string];

/**
 * How one parser's tree is told in the words that outlines, templates and patterns share. Most need nothing but the list of
 * fields; a language whose words differ gets translated here once, and not wherever a tree is read.
 */
export interface Dialect {
  /** Fields worth keeping, by the parser's kind of node: asking for every field of every node would double the time of a walk. */
  readonly fields: Readonly<Record<string, readonly Field[]>>;
  /** Our names for named nodes of the parser, where they differ. */
  readonly kinds?: Readonly<Record<string, string>>;
  /** A brace at the start of a line begins a block, so that an expression is read in brackets. */
  readonly braces?: true;
  /** Where expressions stand as statements by themselves: they are put into a node of kind `expression_statement`. */
  readonly bare?: { readonly inside: ReadonlySet<string>; readonly kinds: ReadonlySet<string> };
}

/** Everything that reading a language takes. */
interface SyntaxEntry {
  readonly family: LanguageFamily;
  /** The parser's own name of the language. */
  readonly parser: string;
  /** Loads a grammar that the parser does not bring itself. */
  readonly grammar: ((require: NodeJS.Require) => unknown) | null;
  readonly files: RegExp;
  readonly dialect: Dialect;
}

const JAVASCRIPT: Dialect = {
  braces: true,
  fields: {
    array_pattern: [],
    arrow_function: ['parameter', 'parameters', 'body'],
    assignment_expression: ['left', 'right'],
    assignment_pattern: ['left', 'right'],
    augmented_assignment_expression: ['left', 'operator', 'right'],
    binary_expression: ['left', 'operator', 'right'],
    call_expression: ['function', 'arguments'],
    catch_clause: ['parameter', 'body'],
    class_declaration: ['name', 'body'],
    class: ['name', 'body'],
    do_statement: ['body', 'condition'],
    else_clause: ['body'],
    field_definition: ['property', 'value'],
    for_in_statement: ['left', 'operator', 'right', 'body'],
    for_statement: ['initializer', 'condition', 'increment', 'body'],
    function_declaration: ['name', 'parameters', 'body'],
    function_expression: ['name', 'parameters', 'body'],
    generator_function: ['name', 'parameters', 'body'],
    generator_function_declaration: ['name', 'parameters', 'body'],
    if_statement: ['condition', 'consequence', 'alternative'],
    member_expression: ['object', 'property'],
    method_definition: ['name', 'parameters', 'body'],
    new_expression: ['constructor', 'arguments'],
    object_assignment_pattern: ['left', 'right'],
    optional_parameter: ['pattern', 'value'],
    pair: ['key', 'value'],
    public_field_definition: ['name', 'value'],
    required_parameter: ['pattern', 'value'],
    subscript_expression: ['object', 'index'],
    switch_case: ['value', 'body'],
    ternary_expression: ['condition', 'consequence', 'alternative'],
    try_statement: ['body', 'handler', 'finalizer'],
    unary_expression: ['operator', 'argument'],
    update_expression: ['operator', 'argument'],
    variable_declarator: ['name', 'value'],
    while_statement: ['condition', 'body'],
    with_statement: ['body'],
  },
};

const PYTHON: Dialect = {
  fields: {
    assignment: ['left', 'right', 'type'],
    attribute: ['object', 'attribute'],
    augmented_assignment: ['left', 'operator', 'right'],
    binary_operator: ['left', 'operator', 'right'],
    boolean_operator: ['left', 'operator', 'right'],
    call: ['function', 'arguments'],
    class_definition: ['name', 'body'],
    default_parameter: ['name', 'value'],
    dictionary_comprehension: ['body'],
    elif_clause: ['condition', 'consequence'],
    else_clause: ['body'],
    for_in_clause: ['left', 'right'],
    for_statement: ['left', 'right', 'body', 'alternative'],
    function_definition: ['name', 'parameters', 'body'],
    generator_expression: ['body'],
    if_statement: ['condition', 'consequence', 'alternative'],
    keyword_argument: ['name', 'value'],
    lambda: ['parameters', 'body'],
    list_comprehension: ['body'],
    named_expression: ['name', 'value'],
    not_operator: ['argument'],
    pair: ['key', 'value'],
    set_comprehension: ['body'],
    subscript: ['value', 'subscript'],
    try_statement: ['body', 'handler', 'finalizer'],
    typed_default_parameter: ['name', 'value'],
    unary_operator: ['operator', 'argument'],
    while_statement: ['condition', 'body'],
    with_statement: ['body'],
  },
};

/** In Ruby everything is an expression; what stands in a list by itself is given the node that others have by nature. */
const RUBY: Dialect = {
  fields: {
    assignment: ['left', 'right'],
    binary: ['left', 'operator', 'right'],
    block: ['parameters', 'body'],
    call: [['receiver', 'object'], ['method', 'function'], 'arguments'],
    class: ['name', 'body'],
    conditional: ['condition', 'consequence', 'alternative'],
    do_block: ['parameters', 'body'],
    element_reference: ['object'],
    elsif: ['condition', 'consequence', 'alternative'],
    for: [['pattern', 'left'], ['value', 'right'], 'body'],
    if: ['condition', 'consequence', 'alternative'],
    if_modifier: ['condition', ['body', 'consequence']],
    keyword_parameter: ['name', 'value'],
    lambda: ['parameters', 'body'],
    method: ['name', 'parameters', 'body'],
    module: ['name', 'body'],
    operator_assignment: ['left', 'operator', 'right'],
    optional_parameter: ['name', 'value'],
    pair: ['key', 'value'],
    rescue: ['body'],
    singleton_method: ['name', 'parameters', 'body'],
    unary: ['operator', ['operand', 'argument']],
    unless: ['condition', 'consequence', 'alternative'],
    unless_modifier: ['condition', ['body', 'consequence']],
    until: ['condition', 'body'],
    until_modifier: ['condition', 'body'],
    when: ['pattern', 'body'],
    while: ['condition', 'body'],
    while_modifier: ['condition', 'body'],
  },
  kinds: {
    binary: 'binary_expression',
    break: 'break_statement',
    conditional: 'ternary_expression',
    element_reference: 'subscript_expression',
    else: 'else_clause',
    elsif: 'elif_clause',
    for: 'for_statement',
    if: 'if_statement',
    method: 'method_definition',
    next: 'continue_statement',
    nil: 'null',
    operator_assignment: 'augmented_assignment',
    parenthesized_statements: 'parenthesized_expression',
    return: 'return_statement',
    singleton_method: 'function_definition',
    unary: 'unary_expression',
    unless: 'unless_statement',
    until: 'until_statement',
    while: 'while_statement',
  },
  bare: {
    inside: new Set(['program', 'body_statement', 'block_body', 'then', 'do', 'else_clause', 'ensure']),
    kinds: new Set(
      'identifier constant instance_variable global_variable integer float string simple_symbol regex null true false self binary_expression unary_expression call ternary_expression subscript_expression parenthesized_expression array hash lambda assignment augmented_assignment yield super'.split(
        ' ',
      ),
    ),
  },
};

/** The languages that are read; one entry is all that reading another one takes. */
export const SYNTAXES: Readonly<Record<SyntaxName, SyntaxEntry>> = {
  javascript: {
    family: 'javascript',
    parser: 'JavaScript',
    grammar: null,
    files: /\.(?:js|mjs|cjs|jsx)$/,
    dialect: JAVASCRIPT,
  },
  typescript: {
    family: 'javascript',
    parser: 'TypeScript',
    grammar: null,
    files: /(?<!\.d)\.(?:ts|mts|cts)$/,
    dialect: JAVASCRIPT,
  },
  tsx: { family: 'javascript', parser: 'Tsx', grammar: null, files: /\.tsx$/, dialect: JAVASCRIPT },
  python: {
    family: 'python',
    parser: 'python',
    grammar: (require) => require('@ast-grep/lang-python'),
    files: /\.py$/,
    dialect: PYTHON,
  },
  ruby: {
    family: 'ruby',
    parser: 'ruby',
    grammar: (require) => require('@ast-grep/lang-ruby'),
    files: /\.rb$/,
    dialect: RUBY,
  },
};
