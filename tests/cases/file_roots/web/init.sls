web: {test.nop: []}
