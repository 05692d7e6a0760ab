// Package arch holds the house rules that the compiler does not: which of the
// project's packages may import which, and what the public ones look like from
// outside. It has tests only.
package arch
