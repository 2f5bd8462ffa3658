"""What commands there are, by the original's own account: its protocol table and the source of its transmitter.

Reads a list of command lines, writes their words (split as a shell does) and the two accounts, all as JSON.
"""
import ast, inspect, json, shlex, sys
from fail2ban.protocol import protocol
from fail2ban.server import transmitter


def compared(function, what):
    """The texts that `what` (source of an expression) is compared with in a function."""
    found = []
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and ast.unparse(node.left) == what:
            for text in ast.walk(node.comparators[0]):
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.append(text.value)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == what + ".startswith":
            found.append(node.args[0].value)
    return sorted(set(found))


tree = ast.parse(inspect.getsource(transmitter))
functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
# Methods of a class with two underscores keep their name in the source.
account = {
    "basic": compared(functions["__commandHandler"], "name"),
    "set server": compared(functions["__commandSet"], "name"),
    "set jail": compared(functions["__commandSet"], "command[1]"),
    "get server": compared(functions["__commandGet"], "name"),
    "get jail": compared(functions["__commandGet"], "command[1]"),
}
table = [line[0] for line in protocol if line[0]]
words = [shlex.split(line) for line in json.load(sys.stdin)]
json.dump({"account": account, "table": table, "words": words}, sys.stdout)
