/** Lua that Redis runs as one step. Keys and arguments are named where the scripts are called. */

/**
 * Scripts that begin so have KEYS: fence, and then others; ARGV: lineage, token, and then others. They return
 * the newer token, as text, where one was here, and do nothing then.
 */
const UNLESS_FENCED = `
local fence = redis.call('HMGET', KEYS[1], 'lineage', 'token')
if fence[1] == ARGV[1] and tonumber(fence[2]) > tonumber(ARGV[2]) then return fence[2] end
`;

/** The newer token, where that is what a script returned; null where it did its work. */
export function newerToken(answer: unknown): number | null {
  return /^\d+$/.test(String(answer)) ? Number(answer) : null;
}

/** Changes nothing where it is claimed so already: those who load watch the fence. Returns `claimed`. */
export const CLAIM = `${UNLESS_FENCED}
if fence[1] ~= ARGV[1] or fence[2] ~= ARGV[2] then
  redis.call('HSET', KEYS[1], 'lineage', ARGV[1], 'token', ARGV[2])
end
return 'claimed'`;

/**
 * KEYS: fence, a key that is watched as the fence is. ARGV: lineage, token. Where a newer token was here, it touches
 * that key, so that the transaction that follows is given up, and answers with an error, `FENCED` and the newer token.
 */
export const GUARD = `
local fence = redis.call('HMGET', KEYS[1], 'lineage', 'token')
if fence[1] == ARGV[1] and tonumber(fence[2]) > tonumber(ARGV[2]) then
  redis.call('SET', KEYS[2], '', 'PX', 1000)
  return redis.error_reply('FENCED ' .. fence[2])
end
return redis.status_reply('OK')`;

/** KEYS: fence, a key. ARGV: lineage, token, a command, and what it has behind the key. Returns `written`. */
export const WRITE = `${UNLESS_FENCED}
redis.call(ARGV[3], KEYS[2], unpack(ARGV, 4))
return 'written'`;

/** Of the fence: what PUBLISH did last. A later claim leaves them alone. */
export const FLIP_FIELDS = ['flip:generation', 'flip:lineage', 'flip:token'] as const;

/**
 * KEYS: fence, pointer, canary, meta of each generation that is shown. ARGV: lineage, token, generation, canary or
 * nothing. Returns `published`, or `missing` where the store has nothing of a generation.
 */
export const PUBLISH = `${UNLESS_FENCED}
for i = 4, #KEYS do if redis.call('EXISTS', KEYS[i]) == 0 then return 'missing' end end
redis.call('HSET', KEYS[1], 'lineage', ARGV[1], 'token', ARGV[2],
  'flip:generation', ARGV[3], 'flip:lineage', ARGV[1], 'flip:token', ARGV[2])
redis.call('SET', KEYS[2], ARGV[3])
if ARGV[4] then redis.call('SET', KEYS[3], ARGV[4]) else redis.call('DEL', KEYS[3]) end
return 'published'`;

/** KEYS: fence, pointer, canary. ARGV: lineage, token. Returns `withdrawn`. */
export const WITHDRAW = `${UNLESS_FENCED}
redis.call('HSET', KEYS[1], 'lineage', ARGV[1], 'token', ARGV[2])
redis.call('DEL', KEYS[2], KEYS[3])
return 'withdrawn'`;

/**
 * KEYS: fence, pointer, canary, meta of the generation. ARGV: lineage, token, generation.
 * Takes the generation out of use: without its meta it cannot be published. Returns `retired`, or `current`.
 */
export const RETIRE = `${UNLESS_FENCED}
local current = redis.call('GET', KEYS[2])
local text = redis.call('GET', KEYS[3])
local canary = text and cjson.decode(text)
if current == ARGV[3] or (canary and canary.published == current and canary.generation == ARGV[3]) then
  return 'current'
end
redis.call('DEL', KEYS[4])
return 'retired'`;

/** KEYS: fence, keys to delete. ARGV: lineage, token. Returns `unlinked`. */
export const UNLINK = `${UNLESS_FENCED}
for i = 2, #KEYS do redis.call('UNLINK', KEYS[i]) end
return 'unlinked'`;

/** KEYS: fence, set of generations. ARGV: lineage, token, generation. Returns `forgotten`. */
export const FORGET = `${UNLESS_FENCED}
redis.call('SREM', KEYS[2], ARGV[3])
return 'forgotten'`;

/**
 * KEYS: fence, keys to copy. ARGV: lineage, token, the names of the copies. With what is left of their time to live;
 * DUMP and RESTORE, since COPY came with Redis 6.2.
 */
export const COPY = `${UNLESS_FENCED}
for i = 2, #KEYS do
  local value = redis.call('DUMP', KEYS[i])
  local ttl = redis.call('PTTL', KEYS[i])
  if value and ttl ~= 0 then redis.call('RESTORE', ARGV[i + 1], math.max(ttl, 0), value, 'REPLACE') end
end
return 'copied'`;

/** KEYS: keys that are no predictions. Returns how many keys the database has besides them. */
export const KEYS_BESIDE = `
return redis.call('DBSIZE') - redis.call('EXISTS', unpack(KEYS))`;

/**
 * KEYS: meta of the generation. ARGV: cursor, pattern, count. One step of SCAN; returns the next cursor, and
 * each key with its number of values: fields of a hash; lines of a packed string, none where its list of
 * fields is gone and nobody can read it; one for any other string.
 */
export const SCAN_SIZES = String.raw`
local listed = {}
local function packed(key)
  local head = redis.pcall('GETRANGE', key, 0, 16)
  local id = type(head) == 'string' and #head == 17 and string.match(head, '^(%x+)\n$')
  if not id then return nil end
  if listed[id] == nil then
    local list = redis.call('HGET', KEYS[1], 'fields:' .. id)
    listed[id] = list and select(2, string.gsub(list, '\n', '')) + 1 or 0
  end
  return listed[id]
end
local isPacked = redis.call('HGET', KEYS[1], 'layout') == 'packed'
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local sizes = {page[1]}
for _, key in ipairs(page[2]) do
  local size = isPacked and packed(key) or redis.pcall('HLEN', key)
  if type(size) == 'table' then size = 1 end
  if size > 0 then
    sizes[#sizes + 1] = key
    sizes[#sizes + 1] = size
  end
end
return sizes`;
