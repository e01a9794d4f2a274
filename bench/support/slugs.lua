-- wrk asks for s0 … s99999, each equally often, never the same twice in a row. The step is prime to their number.
local links = 100000
local n = 0
request = function()
  n = n + 7919
  return wrk.format('GET', '/s' .. n % links)
end
