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
 * Scripts that begin so have KEYS: a key; ARGV: lineage, token, how many copies of the fence there are, these, and then
 * others, from `first` on. They return a list: the newer token, as text, where one was here; `unknown`, where this
 * server holds no copy; else `done`, and what they did.
 */
const UNLESS_FENCED_HERE = `
local first = 4 + tonumber(ARGV[3])
local state = 'unknown'
for i = 4, first - 1 do
  local fence = redis.pcall('HMGET', ARGV[i], 'lineage', 'token')
  if not fence.err and fence[1] then
    state = 'done'
    if fence[1] == ARGV[1] and tonumber(fence[2]) > tonumber(ARGV[2]) then return {fence[2]} end
  end
end
if state ~= 'done' then return {state} end
`;

/**
 * A command with the arguments from one place to another behind its key. Lua passes on some thousand: of more, an HSET
 * is done in pieces.
 */
const CARRY_OUT = `
local function carry_out(call, command, key, from, to)
  if to - from < 6000 then return call(command, key, unpack(ARGV, from, to)) end
  local sum = 0
  for at = from, to, 5000 do
    local reply = call(command, key, unpack(ARGV, at, math.min(at + 4999, to)))
    if type(reply) ~= 'number' then return reply end
    sum = sum + reply
  end
  return sum
end
`;

/** With a command, and what it has behind the key. */
export const WRITE_HERE = `${UNLESS_FENCED_HERE}${CARRY_OUT}
return {state, carry_out(redis.call, ARGV[first], KEYS[1], first + 1, #ARGV)}`;

/** With what the key held, or nothing; what it shall hold; seconds to live, or nothing. 0 where it holds something else by now. */
export const REPLACE_PACKED = `${UNLESS_FENCED_HERE}
local before, after, ttl = ARGV[first], ARGV[first + 1], ARGV[first + 2]
if (redis.call('GET', KEYS[1]) or '') ~= before then return {state, 0} end
if ttl == '' then redis.call('SET', KEYS[1], after) else redis.call('SET', KEYS[1], after, 'EX', ttl) end
return {state, 1}`;

/**
 * KEYS: the fence of this server. ARGV: lineage, token, and commands, each behind its number of parts. Returns what each
 * answered; one that this server cannot carry out, as it does not hold the key, or not alone, is answered as by a
 * server that sends it elsewhere. An error, `FENCED` and the newer token, where one was here.
 */
export const LOAD_HERE = `
local fence = redis.call('HMGET', KEYS[1], 'lineage', 'token')
if fence[1] == ARGV[1] and tonumber(fence[2]) > tonumber(ARGV[2]) then
  return redis.error_reply('FENCED ' .. fence[2])
end
${CARRY_OUT}
local replies, at = {}, 3
while ARGV[at] do
  local parts = tonumber(ARGV[at])
  local reply = carry_out(redis.pcall, ARGV[at + 1], ARGV[at + 2], at + 3, at + parts)
  if type(reply) == 'table' and reply.err and string.find(reply.err, 'cluster', 1, true) then
    reply = {err = 'TRYAGAIN ' .. reply.err}
  end
  replies[#replies + 1] = reply
  at = at + parts + 1
end
return replies`;
