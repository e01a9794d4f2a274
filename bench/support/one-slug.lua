request = function()
  return wrk.format('GET', '/s1')
end
