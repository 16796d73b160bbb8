/**
 * Lua that Redis runs as one step: adds packed values to keys that hold some already. Where both have a
 * field the new value stays, as with HSET.
 *
 * KEYS: meta of the generation, then the keys. ARGV: seconds to live, or nothing; then a packed text a key.
 * Returns how many values were not there before.
 *
 * Most keys of a call have the same two lists of fields: how these two merge is worked out once. Texts are
 * compared byte by byte, as the order of Lua depends on the server's locale.
 */
export const MERGE_PACKED = String.raw`
local meta, ttl = KEYS[1], ARGV[1]

local function split(text, from)
  local parts = {}
  while true do
    local to = string.find(text, '\n', from, true)
    parts[#parts + 1] = string.sub(text, from, to and to - 1)
    if not to then return parts end
    from = to + 1
  end
end

local function plain(line)
  return (string.gsub(line, '\\(.)', function(c) return c == 'n' and '\n' or c end))
end

local function comes_before(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local function list_of(id)
  local text = redis.call('HGET', meta, 'fields:' .. id)
  return text and split(text, 1)
end

local function put(key, value)
  if ttl == '' then redis.call('SET', key, value) else redis.call('SET', key, value, 'EX', ttl) end
end

-- Both lists are sorted. Positive: a value of the new text; negative: of the old one.
local function merge_lists(old, new)
  local fields, picks = {}, {}
  local i, j, added = 1, 1, 0
  while i <= #old or j <= #new do
    local take_new = i > #old or (j <= #new and not comes_before(plain(old[i]), plain(new[j])))
    if take_new then
      if old[i] == new[j] then i = i + 1 else added = added + 1 end
      fields[#fields + 1] = new[j]
      picks[#picks + 1] = j
      j = j + 1
    else
      fields[#fields + 1] = old[i]
      picks[#picks + 1] = -i
      i = i + 1
    end
  end
  local text = table.concat(fields, '\n')
  local id = string.sub(redis.sha1hex(text), 1, 16)
  redis.call('HSET', meta, 'fields:' .. id, text)
  return {id = id, picks = picks, added = added}
end

local plans = {}
local function plan_of(old_id, new_id)
  local name = old_id .. new_id
  if not plans[name] then plans[name] = merge_lists(list_of(old_id), list_of(new_id)) end
  return plans[name]
end

local known = {}
local function is_known(id)
  if known[id] == nil then known[id] = redis.call('HEXISTS', meta, 'fields:' .. id) == 1 end
  return known[id]
end

local created = 0
for k = 2, #KEYS do
  local key, new = KEYS[k], ARGV[k]
  local old = redis.call('GET', key)
  local old_id = old and string.match(old, '^(%x+)\n')
  local new_id = string.sub(new, 1, 16)
  if not old_id or #old_id ~= 16 or not is_known(old_id) then
    -- It has ended meanwhile, or cannot be read any more.
    put(key, new)
    created = created + select(2, string.gsub(new, '\n', ''))
  elseif old_id == new_id then
    put(key, new)
  else
    local plan = plan_of(old_id, new_id)
    local old_values, new_values = split(old, 18), split(new, 18)
    local lines = {plan.id}
    for _, pick in ipairs(plan.picks) do
      lines[#lines + 1] = pick > 0 and new_values[pick] or old_values[-pick]
    end
    put(key, table.concat(lines, '\n'))
    created = created + plan.added
  end
end
return created`;
