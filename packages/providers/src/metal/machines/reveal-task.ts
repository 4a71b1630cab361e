import { isJsonArray, isJsonObject, type Json, type JsonObject } from '@formwork/core';

/**
 * The body of a task as the agent gets it: each `{$keyed: text}` in it becomes what the site's key makes of the text. Called
 * for each delivery to a claimed session; the values are kept nowhere.
 */
export async function revealTaskBody(body: JsonObject, keyed: (text: string) => Promise<string>): Promise<JsonObject> {
  const reveal = async (value: Json): Promise<Json> => {
    if (isJsonArray(value)) return await Promise.all(value.map(reveal));
    if (!isJsonObject(value)) return value;
    const text = value['$keyed'];
    if (typeof text === 'string') return await keyed(text);
    return await revealTaskBody(value, keyed);
  };
  const entries = Object.entries(body).map(async ([name, value]) => [name, await reveal(value)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
