// The precompiled header of the tests belongs to a target that has a source using it: this one.
