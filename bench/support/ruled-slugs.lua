-- As slugs.lua, of the links r0 … r99999, one in ten of which has rules.
local links = 100000
local n = 0
request = function()
  n = n + 7919
  return wrk.format('GET', '/r' .. n % links)
end
