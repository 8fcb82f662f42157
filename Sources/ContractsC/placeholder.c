// generated below
