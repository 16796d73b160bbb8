import { DuckDBScalarFunction, type DuckDBType, STRUCT } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { AnswerFields, readArguments } from './call-vectors.ts';
import type { Chunk } from './chunk-stream.ts';
import type { Database } from './database.ts';

/** What a function takes, and the fields of the STRUCT that it gives. */
export interface FunctionShape {
  readonly parameters: readonly DuckDBType[];
  readonly fields: Readonly<Record<string, DuckDBType>>;
}

/** Answers one call, of at most 2,048 rows: sets every field. */
export type Answer = (chunk: Chunk, fields: AnswerFields) => void;

/** What a statement ends with where an answer throws; `cause` is what it threw. */
export class AnswerError extends Error {}

/**
 * A function of SQL that is computed here, on the thread of JavaScript, while DuckDB waits for it. It is called
 * with nulls as with any other value, and once for each row.
 */
export class SqlFunction {
  readonly name: string;
  #answer: Answer | null = null;
  #failure: AnswerError | null = null;

  /** Each database has one function of a shape: DuckDB cannot take one back. */
  static async of(database: Database, shape: FunctionShape): Promise<SqlFunction> {
    const key = [...shape.parameters, '', ...Object.entries(shape.fields).flat()].join(' ');
    const functions = FUNCTIONS.get(database) ?? new Map<string, SqlFunction>();
    FUNCTIONS.set(database, functions);
    const known = functions.get(key);
    if (known !== undefined) return known;
    const made = new SqlFunction(functions.size);
    await database.register(made.#declaration(shape));
    functions.set(key, made);
    return made;
  }

  private constructor(number: number) {
    this.name = `serve_batch_function_${number}`;
  }

  /** Runs a statement that calls the function. Throws `AnswerError` where `answer` throws. */
  async during<T>(answer: Answer, statement: () => Promise<T>): Promise<T> {
    if (this.#answer !== null) throw new TypeError(`${this.name} is at work`);
    this.#answer = answer;
    try {
      return await statement();
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      this.#answer = null;
      this.#failure = null;
    }
  }

  #declaration({ parameters, fields }: FunctionShape): DuckDBScalarFunction {
    const declared = new DuckDBScalarFunction();
    declared.setName(this.name);
    for (const type of parameters) declared.addParameter(type);
    declared.setReturnType(STRUCT(fields));
    declared.setSpecialHandling();
    declared.setVolatile();
    duckdb.scalar_function_set_function(declared.scalar_function, (_, chunk, result) =>
      this.#call(() => readArguments(chunk, parameters), new AnswerFields(result)),
    );
    return declared;
  }

  #call(read: () => Chunk, fields: AnswerFields): void {
    try {
      if (this.#answer === null) throw new TypeError(`${this.name} is called outside its statement`);
      this.#answer(read(), fields);
    } catch (error) {
      this.#failure ??= new AnswerError(`${this.name} failed`, { cause: error });
      throw error;
    }
  }
}

const FUNCTIONS = new WeakMap<Database, Map<string, SqlFunction>>();
