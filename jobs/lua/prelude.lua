-- Shared by every script (put in front of each by jobs/scripts.py): names, the clock, and the
-- three ways in which a job leaves where it is. ARGV[1] is the prefix of all keys, ARGV[2] how
-- many milliseconds a result is kept.
local PREFIX, KEEP_MS = ARGV[1], tonumber(ARGV[2])
local RING_MS = 2000 -- a doorbell that nobody answered for so long counts as lost

local function key(name) return PREFIX .. name end

-- Redis's own clock, so that workers' clocks may be wrong; milliseconds with a fraction.
local function read_clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + time[2] / 1000
end
local now = read_clock()

local function count(hash, field, delta)
  if redis.call('HINCRBY', key(hash), field, delta) <= 0 then redis.call('HDEL', key(hash), field) end
end

local function tally(name) redis.call('HINCRBY', key('stats'), name, 1) end

-- Put down what one ended job has to tell; sweep.lua counts it. One APPEND costs a fifth of the
-- five HINCRBY that it stands for. `verdict`: what came of the job, a label or a code.
local function put_down(job, state, verdict)
  local waited, worked = '', ''
  if job.attempts > 0 then
    waited = string.format('%.3f', job.started - job.submitted)
    if job.state == 'running' then worked = string.format('%.3f', now - job.started) end
  end
  redis.call('APPEND', key('ended'), table.concat(
    { job.class, job.pipeline, waited, worked, job.attempts, state, verdict or '' }, '|') .. '\n')
end

local function load_job(id)
  local values = redis.call('HMGET', key('job:' .. id), 'state', 'owner', 'class', 'camera', 'batch',
    'idempotency', 'attempts', 'size', 'seq', 'reason', 'expires', 'pipeline', 'request_id',
    'trace', 'submitted', 'started')
  if not values[1] then return nil end
  return { id = id, state = values[1], owner = values[2], class = values[3], camera = values[4],
    batch = values[5], idempotency = values[6], attempts = tonumber(values[7]), size = tonumber(values[8]),
    seq = tonumber(values[9]), reason = values[10], expires = tonumber(values[11]), pipeline = values[12],
    request_id = values[13], trace = values[14] or '', submitted = tonumber(values[15]), started = tonumber(values[16]) }
end

-- The key that names a camera's waiting frame.
local function camera_key(owner, camera) return key('camera:' .. owner .. ':' .. camera) end

-- Take a waiting job out of its queue. Only a first attempt counts for its owner's share of the
-- interactive queue: a job that runs again has paid already.
local function leave_queue(job)
  redis.call('ZREM', key('waiting:' .. job.class), job.id)
  if job.attempts == 0 and job.class == 'interactive' then count('owners:interactive', job.owner, -1) end
  if job.camera ~= '' then
    local frame = camera_key(job.owner, job.camera)
    if redis.call('GET', frame) == job.id then redis.call('DEL', frame) end
  end
  if job.expires > 0 then redis.call('ZREM', key('expiring'), job.id) end
end

-- The place of a waiting job, 1 for the next one; bulk stands behind all interactive ones.
local function find_position(id, class)
  local ahead = class == 'bulk' and redis.call('ZCARD', key('waiting:interactive')) or 0
  return redis.call('ZRANK', key('waiting:' .. class), id) + 1 + ahead
end

-- Give a job its one final state, and tell whoever waits for it. `fields` are further names and
-- values of its hash; `verdict` as in `put_down`.
local function end_job(job, state, fields, verdict)
  local hash = key('job:' .. job.id)
  if job.state == 'queued' then leave_queue(job) end
  redis.call('ZREM', key('running'), job.id)
  redis.call('HSET', hash, 'state', state, 'finished', now, unpack(fields))
  redis.call('HDEL', hash, 'progress', 'reason', 'seq', 'expires')
  redis.call('PEXPIRE', hash, KEEP_MS)
  redis.call('DEL', key('blob:' .. job.id))
  redis.call('HINCRBY', key('gauge'), 'bytes', -job.size)
  count('owners:open', job.owner, -1)
  if redis.call('HEXISTS', key('owners:open'), job.owner) == 0 then
    redis.call('HDEL', key('turns'), job.owner)
    redis.call('PEXPIRE', key('recent:' .. job.owner), KEEP_MS)
  end
  if job.idempotency ~= '' then redis.call('PEXPIRE', job.idempotency, KEEP_MS) end
  if job.batch ~= '' and redis.call('HINCRBY', key('batch:' .. job.batch), 'left', -1) == 0 then
    redis.call('PEXPIRE', key('batch:' .. job.batch), KEEP_MS)
    local shared = redis.call('HGET', key('batch:' .. job.batch), 'idempotency')
    if shared and shared ~= '' then redis.call('PEXPIRE', shared, KEEP_MS) end
  end
  if state == 'failed' then
    redis.call('ZADD', key('failed'), now, job.id)
    redis.call('ZREMRANGEBYSCORE', key('failed'), '-inf', now - KEEP_MS)
    redis.call('ZREMRANGEBYRANK', key('failed'), 0, -1001)
  end
  put_down(job, state, verdict)
  -- With all that can be said of it, so that who waits need not ask.
  redis.call('PUBLISH', key('changes'), job.id .. ' ' .. cjson.encode(redis.call('HGETALL', hash)))
end

-- Faults of ours, not of the picture: it is kept for `keep_ms`, so that it can be tried again when
-- the fault is mended; not where memory is short.
local OUR_FAULTS = { worker_lost = true, internal_error = true }
local function keep_picture(job, code, keep_ms)
  if not OUR_FAULTS[code] or keep_ms <= 0 then return end
  if tonumber(redis.call('HGET', key('gauge'), 'memory') or 0) > 0.5 then return end
  if redis.call('EXISTS', key('blob:' .. job.id)) == 0 then return end
  redis.call('RENAME', key('blob:' .. job.id), key('kept:' .. job.id))
  redis.call('PEXPIRE', key('kept:' .. job.id), keep_ms)
end

-- A lease ran out or was given up: wait again at the front, or fail after the last attempt.
local function lapse(job, max_attempts, keep_ms)
  tally('leases_lapsed')
  if job.attempts >= max_attempts then
    local code = job.reason or 'worker_lost'
    keep_picture(job, code, keep_ms)
    end_job(job, 'failed', { 'error_code', code }, code)
    return false
  end
  redis.call('ZREM', key('running'), job.id)
  redis.call('HSET', key('job:' .. job.id), 'state', 'queued')
  redis.call('HDEL', key('job:' .. job.id), 'progress')
  redis.call('ZADD', key('waiting:' .. job.class), job.class == 'bulk' and 0 or job.seq, job.id)
  if job.expires > 0 then redis.call('ZADD', key('expiring'), job.expires, job.id) end
  return true
end

local function count_waiting()
  return redis.call('ZCARD', key('waiting:interactive')) + redis.call('ZCARD', key('waiting:bulk'))
end

-- Wake idle drainers for `fresh` new jobs and name the doorbells that are still to be rung, so
-- that as many drainers work as there is work for, and never more than there are pool children.
local function call_drainers(fresh)
  local waiting = count_waiting()
  if waiting == 0 then return {} end
  local idle = redis.call('ZCOUNT', key('idle'), now, '+inf') - redis.call('LLEN', key('knock'))
  for _ = 1, math.min(idle, fresh) do redis.call('LPUSH', key('knock'), '1') end
  local fleet = tonumber(redis.call('HGET', key('gauge'), 'fleet') or 0)
  local busy = redis.call('ZCARD', key('running'))
  local present = redis.call('ZCOUNT', key('drainers'), now, '+inf') + redis.call('ZCOUNT', key('rung'), now, '+inf')
  local rings = {}
  for _ = present + 1, math.min(fleet, waiting + busy) do
    local ring = 'ring-' .. redis.call('HINCRBY', key('gauge'), 'rings', 1)
    redis.call('ZADD', key('rung'), now + RING_MS, ring)
    rings[#rings + 1] = ring
  end
  if #rings > 0 then redis.call('HINCRBY', key('stats'), 'doorbells', #rings) end
  return rings
end
