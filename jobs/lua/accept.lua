#!lua
-- Take jobs into the ledger, all or none; their bytes were SET just before, in the same MULTI.
-- ARGV: 3 idempotency key or '', 4 fingerprint, 5 max waiting, 6 max waiting of one owner,
--       7 max waiting bytes, 8 max memory share, 9 interactive per owner, 10 batch id or '',
--       11 batch items, 12 count, 13 within how many ms a caller who waits is to have the answer
--       (negative: nobody waits), then 9 values a job:
--       id, pipeline, owner, camera, bulk, size, request id, max wait ms, trace or ''.
-- Returns {'accepted', id, class, position, time, ring ids...} ('' for the three in the middle where
-- the first job was here before), or {'replayed' | 'conflict' | 'full' | 'no_bytes', text}.
local FIRST, WIDTH = 14, 9
local batch, total = ARGV[10], tonumber(ARGV[12])
local target = batch ~= '' and batch or ARGV[FIRST]
local owner = ARGV[FIRST + 2]

-- Nothing is taken: the bytes that came with the request go at once.
local function refuse(status, text)
  for n = 0, total - 1 do redis.call('DEL', key('blob:' .. ARGV[FIRST + n * WIDTH])) end
  return { status, text }
end

local idempotency = ''
if ARGV[3] ~= '' then
  idempotency = key('idempotency:' .. owner .. ':' .. ARGV[3])
  local known = redis.call('HMGET', idempotency, 'target', 'fingerprint')
  if known[1] and known[1] ~= target then
    return refuse(known[2] == ARGV[4] and 'replayed' or 'conflict', known[1])
  end
end
-- The same call once more, after its answer was lost: the bytes were SET again, with their time
-- limit, so lift it where the job still needs them.
if redis.call('EXISTS', key('job:' .. ARGV[FIRST])) == 1 then
  for n = 0, total - 1 do
    local id = ARGV[FIRST + n * WIDTH]
    local state = redis.call('HGET', key('job:' .. id), 'state')
    local open = state == 'queued' or state == 'running'
    redis.call(open and 'PERSIST' or 'DEL', key('blob:' .. id))
  end
  return { 'accepted', target, '', '', '' }
end

local bytes = 0
for n = 0, total - 1 do bytes = bytes + tonumber(ARGV[FIRST + n * WIDTH + 5]) end
local gauge = redis.call('HMGET', key('gauge'), 'bytes', 'memory')
local waiting = count_waiting()
local open = tonumber(redis.call('HGET', key('owners:open'), owner) or 0)

-- A frame that takes the place of an older one needs no place of its own.
local function count_replaced()
  local camera = ARGV[FIRST + 3]
  if total > 1 or camera == '' then return 0 end
  local older = redis.call('GET', camera_key(owner, camera))
  return older and redis.call('HGET', key('job:' .. older), 'state') == 'queued' and 1 or 0
end
local fresh = total - count_replaced()
if waiting + fresh > tonumber(ARGV[5]) then return refuse('full', 'depth') end
if open + fresh > tonumber(ARGV[6]) then return refuse('full', 'share') end
if tonumber(gauge[1] or 0) + bytes > tonumber(ARGV[7]) then return refuse('full', 'bytes') end
if tonumber(gauge[2] or 0) > tonumber(ARGV[8]) then return refuse('full', 'memory') end

-- In how many ms a new interactive job would have its answer: those ahead of it (and the bulk jobs
-- that get every n-th lease meanwhile), shared by the pool children, then its own time and a half.
-- 0 where that is not known, or a child is free.
local BULK_EXTRA, OWN_TIMES = 8 / 7, 1.5
local function estimate_answer()
  local known = redis.call('HMGET', key('gauge'), 'service', 'fleet')
  local service, fleet = tonumber(known[1] or 0), tonumber(known[2] or 0)
  local ahead = redis.call('ZCARD', key('waiting:interactive'))
  if service == 0 or fleet == 0 or ahead + redis.call('ZCARD', key('running')) < fleet then return 0 end
  return service * (ahead * BULK_EXTRA / fleet + OWN_TIMES)
end

-- Who waits is not taken where the answer would come too late: it is no use then. An owner who has
-- its places in the interactive queue must leave the last of that time to others.
local within, HEAVY, LIGHT = tonumber(ARGV[13]), 0.7, 0.8
local interactive = tonumber(redis.call('HGET', key('owners:interactive'), owner) or 0)
local is_heavy = interactive >= tonumber(ARGV[9])
local is_late = estimate_answer() > math.abs(within) * (is_heavy and HEAVY or LIGHT)
if within > 0 and fresh > 0 and is_late then return refuse('full', 'late') end

-- Bulk work is ordered by virtual time (start-time fair queueing, Goyal and others 1996): each
-- owner's next job stands one step behind its last, but never before the job leased last.
local function next_turn()
  local last = tonumber(redis.call('HGET', key('turns'), owner) or 0)
  local turn = math.max(last, tonumber(redis.call('HGET', key('gauge'), 'turn') or 0)) + 1
  redis.call('HSET', key('turns'), owner, turn)
  return turn
end

-- The newer frame takes the older one's place, which is returned as {class, score}: at the end of
-- the queue, a camera that sends faster than the queue moves would never have an answer.
local function supersede_older_frame(id, camera)
  local name = camera_key(owner, camera)
  local older = redis.call('GET', name)
  local job = older and load_job(older)
  local freed
  if job and job.state == 'queued' then
    freed = { job.class, redis.call('ZSCORE', key('waiting:' .. job.class), older) }
    end_job(job, 'superseded', {})
  end
  redis.call('SET', name, id)
  return freed
end

local function place(id, bulk, seq, freed)
  if freed then
    if freed[1] == 'interactive' then count('owners:interactive', owner, 1) end
    redis.call('ZADD', key('waiting:' .. freed[1]), freed[2], id)
    return freed[1]
  end
  if bulk == '1' or (within < 0 and (is_heavy or is_late)) then
    redis.call('ZADD', key('waiting:bulk'), next_turn(), id)
    return 'bulk'
  end
  count('owners:interactive', owner, 1)
  redis.call('ZADD', key('waiting:interactive'), seq, id)
  return 'interactive'
end

for n = 0, total - 1 do
  if redis.call('PERSIST', key('blob:' .. ARGV[FIRST + n * WIDTH])) == 0 then return { 'no_bytes', target } end
end
local class
for n = 0, total - 1 do -- each a microsecond after the last: a page of a list may end within a batch
  local id, pipeline, _, camera, bulk, size, request_id, max_wait, trace =
    unpack(ARGV, FIRST + n * WIDTH, FIRST + n * WIDTH + 8)
  local expires = tonumber(max_wait) > 0 and now + tonumber(max_wait) or 0
  local freed = camera ~= '' and supersede_older_frame(id, camera)
  local seq = freed and freed[2] or redis.call('HINCRBY', key('gauge'), 'seq', 1)
  class = place(id, bulk, seq, freed)
  redis.call('HSET', key('job:' .. id), 'state', 'queued', 'pipeline', pipeline, 'owner', owner, 'class', class,
    'camera', camera, 'batch', batch, 'idempotency', batch == '' and idempotency or '', 'attempts', 0, 'size', size,
    'request_id', request_id, 'trace', trace, 'seq', seq, 'expires', expires, 'submitted', now + n / 1000)
  if expires > 0 then redis.call('ZADD', key('expiring'), expires, id) end
  redis.call('ZADD', key('recent:' .. owner), now + n / 1000, id)
  count('owners:open', owner, 1)
end
redis.call('PERSIST', key('recent:' .. owner))
redis.call('HINCRBY', key('gauge'), 'bytes', bytes)
redis.call('HINCRBY', key('stats'), 'accepted', total)
if batch ~= '' then
  redis.call('HSET', key('batch:' .. batch), 'owner', owner, 'pipeline', ARGV[FIRST + 1], 'submitted', now,
    'left', total, 'items', ARGV[11], 'idempotency', idempotency)
end
if idempotency ~= '' then redis.call('HSET', idempotency, 'target', target, 'fingerprint', ARGV[4]) end
local last = ARGV[FIRST + (total - 1) * WIDTH]
return { 'accepted', target, class, find_position(last, class), string.format('%.3f', now), unpack(call_drainers(total)) }
