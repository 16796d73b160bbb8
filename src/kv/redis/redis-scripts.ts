/** Lua that Redis runs as one step. Keys and arguments are named where the scripts are called. */

/**
 * KEYS: pointer, fence, meta of the generation. ARGV: generation, lineage, token.
 * Returns `published`, `missing` where the store has nothing of the generation, or the newer token.
 */
export const PUBLISH = `
if redis.call('EXISTS', KEYS[3]) == 0 then return 'missing' end
local fence = redis.call('HMGET', KEYS[2], 'lineage', 'token')
if fence[1] == ARGV[2] and tonumber(fence[2]) > tonumber(ARGV[3]) then return fence[2] end
redis.call('HSET', KEYS[2], 'lineage', ARGV[2], 'token', ARGV[3])
redis.call('SET', KEYS[1], ARGV[1])
return 'published'`;

/**
 * KEYS: pointer, meta of the generation. ARGV: generation.
 * Takes the generation out of use: without its meta it cannot be published. Returns 0 for the current one.
 */
export const RETIRE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
return 1`;

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
