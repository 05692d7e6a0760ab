package calc

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// Values do not change once they are made, so that a value is as large as its
// parts were when it was made. Therefore it is enough to look at each value
// where it is made, and nothing that walks a value can meet one that is larger
// than maxValue, be it a list that holds another one twice, and that one
// another. Loops are predicates alone, and each round of one is a step.

// Visit puts around a node of the program what counts it. Arithmetic, choices
// and slices make no new memory, and stay as they are. A node's parts have been
// visited before it.
func (r *run) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if s := r.all[n.Value]; s != nil {
			s.named = true
		}
		if n.Value == "steps" || n.Value == "$env" {
			r.any++ // until the MemberNode around it says which
		}
	case *ast.MemberNode:
		if id, ok := n.Node.(*ast.IdentifierNode); ok && id.Value == "steps" {
			if name, ok := n.Property.(*ast.StringNode); ok {
				if s := r.all[name.Value]; s != nil {
					s.named = true
				} else {
					r.wrong(n, "there is no step %q; there are %s", name.Value, r.ids())
				}
				r.any--
			}
		}
		call(node, "get", n.Node, n.Property)
	case *ast.BinaryNode:
		switch n.Operator {
		case "matches":
			call(node, "$matches", n.Left, n.Right)
		case "+", "..":
			call(node, "$made", n)
		case "==", "!=", "<", ">", "<=", ">=", "in", "contains", "startsWith", "endsWith":
			walk(&n.Left)
			walk(&n.Right)
			if n.Operator == "in" {
				call(node, "$in", n.Left, n.Right)
			}
		}
	case *ast.PredicateNode:
		call(&n.Node, "$tick", n.Node)
	case *ast.ArrayNode, *ast.MapNode:
		call(node, "$made", n)
	case *ast.BuiltinNode:
		if slices.Contains(plain, n.Name) && !slices.Contains([]string{"len", "first", "last", "type"}, n.Name) {
			for i := range n.Arguments {
				walk(&n.Arguments[i])
			}
		}
		call(node, "$made", n)
	case *ast.CallNode:
		if _, ok := n.Callee.(*ast.IdentifierNode); !ok {
			r.wrong(n, "there are no methods: write lower(x), not x.lower()")
		}
	}
}

// walk counts what is looked at of a part that is no constant.
func walk(node *ast.Node) {
	switch (*node).(type) {
	case *ast.NilNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
	default:
		call(node, "$walk", *node)
	}
}

// call puts a call of a function of ours in the place of a node.
func call(node *ast.Node, name string, args ...ast.Node) {
	callee := &ast.IdentifierNode{Value: name}
	callee.SetLocation((*node).Location())
	ast.Patch(node, &ast.CallNode{Callee: callee, Arguments: args})
}

func (r *run) wrong(n ast.Node, format string, args ...any) {
	if r.fault == nil {
		r.fault = fmt.Errorf("at character %d: "+format, append([]any{n.Location().From + 1}, args...)...)
	}
}
