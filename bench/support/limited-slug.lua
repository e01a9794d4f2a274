request = function()
  return wrk.format('GET', '/s2')
end
