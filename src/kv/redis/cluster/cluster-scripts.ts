/**
 * Lua for one server of a cluster. Keys of predictions are arguments and not KEYS, since a call may not name keys of
 * several slots; a script without a first line `#!lua` may use all that its server holds.
 */

/**
 * KEYS: the fence of this server. ARGV: lineage, token, keys to delete. Returns the newer token, as text, where one was
 * here; else a list of the keys that this server does not hold, or not alone, at the moment.
 */
export const UNLINK_HERE = `
local fence = redis.call('HMGET', KEYS[1], 'lineage', 'token')
if fence[1] == ARGV[1] and tonumber(fence[2]) > tonumber(ARGV[2]) then return fence[2] end
local elsewhere = {}
for i = 3, #ARGV do
  local done = redis.pcall('UNLINK', ARGV[i])
  if type(done) == 'table' and done.err then elsewhere[#elsewhere + 1] = ARGV[i] end
end
return elsewhere`;

/**
 * ARGV: cursor, pattern, count, layout. One step of SCAN; returns the next cursor, and each key with one of: its number
 * of values; \`#\` and the id of the list of fields of a packed text; \`?\`, where the key is on its way to or from here.
 */
export const SCAN_HERE = String.raw`
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local found = {page[1]}
local function size_of(key)
  if ARGV[4] == 'packed' then
    local head = redis.pcall('GETRANGE', key, 0, 16)
    local id = type(head) == 'string' and #head == 17 and string.match(head, '^(%x+)\n$')
    if id then return '#' .. id end
  end
  local size = redis.pcall('HLEN', key)
  if type(size) == 'number' then return size end
  if string.find(size.err, 'WRONGTYPE', 1, true) then return 1 end
  return '?'
end
for _, key in ipairs(page[2]) do
  local size = size_of(key)
  if size ~= 0 then
    found[#found + 1] = key
    found[#found + 1] = size
  end
end
return found`;

/**
 * KEYS: a key. ARGV: what it held, or nothing; what it shall hold; seconds to live, or nothing. Returns 1, or 0 where it
 * holds something else by now.
 */
export const REPLACE_PACKED = `
local held = redis.call('GET', KEYS[1])
if (held or '') ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1`;
