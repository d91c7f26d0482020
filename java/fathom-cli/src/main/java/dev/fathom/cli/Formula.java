package dev.fathom.cli;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Diagram;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A formula of numbers and variables with {@code + - * / ^}, parentheses and functions of one argument, which is
 * computed by tensors while a pass records it.
 */
final class Formula {
    private static final int LONGEST = 500;
    private static final Pattern NAME = Pattern.compile("\\p{Alpha}\\w*");
    private static final Pattern NUMBER = Pattern.compile("\\d+(\\.\\d*)?|\\.\\d+");
    private static final Map<String, UnaryOperator<Tensor>> FUNCTIONS = Map.of(
            "exp", Tensor::exp,
            "log", Tensor::log,
            "sqrt", Tensor::sqrt,
            "square", Tensor::square,
            "sigmoid", Tensor::sigmoid,
            "tanh", Tensor::tanh,
            "relu", Tensor::relu);

    private final String text;
    private final Pass pass;
    private final Map<String, Tensor> variables;
    private int at;

    private Formula(String text, Pass pass, Map<String, Tensor> variables) {
        this.text = text;
        this.pass = pass;
        this.variables = variables;
    }

    /**
     * Computes a formula and the gradient by each of its variables, and draws both.
     *
     * @param values such as {@code x=-2}
     * @throws IllegalArgumentException if the formula or a value cannot be read, with the place
     */
    static Diagram diagram(String text, List<String> values, Pass pass) {
        Map<String, Tensor> variables = new LinkedHashMap<>();
        Map<Tensor, String> names = new IdentityHashMap<>();
        for (String value : values) {
            int sign = value.indexOf('=');
            try {
                String name = value.substring(0, sign);
                Tensor x = pass.watch(Tensor.scalar(Float.parseFloat(value.substring(sign + 1))));
                variables.put(name, x);
                names.put(x, name);
            } catch (IndexOutOfBoundsException | NumberFormatException e) {
                throw new IllegalArgumentException(value + " is no value of a variable; write it as x=-2", e);
            }
        }
        if (text.length() > LONGEST) {
            throw new IllegalArgumentException(
                    "the formula has " + text.length() + " characters; give at most " + LONGEST);
        }
        Formula formula = new Formula(text, pass, variables);
        Tensor result = formula.sum();
        if (formula.peek() != 0) {
            throw formula.unexpected("an operator");
        }
        if (result.needsGradient()) {
            pass.backward(result);
        }
        return Diagram.of(text, pass, names);
    }

    private char peek() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    private boolean accept(char c) {
        boolean is = peek() == c;
        at += is ? 1 : 0;
        return is;
    }

    private Tensor sum() {
        Tensor sum = product();
        while (peek() == '+' || peek() == '-') {
            sum = pass.watch(accept('+') ? sum.add(product()) : accept('-') ? sum.sub(product()) : sum);
        }
        return sum;
    }

    private Tensor product() {
        Tensor product = signed();
        while (peek() == '*' || peek() == '/') {
            product = pass.watch(accept('*') ? product.mul(signed()) : accept('/') ? product.div(signed()) : product);
        }
        return product;
    }

    private Tensor signed() {
        return accept('-') ? pass.watch(signed().neg()) : power();
    }

    private Tensor power() {
        Tensor base = atom();
        if (!accept('^')) {
            return base;
        }
        Matcher exponent = NUMBER.matcher(text).region(skip(), text.length());
        if (!exponent.lookingAt()) {
            throw unexpected("a number as exponent");
        }
        at = exponent.end();
        return pass.watch(base.pow(Float.parseFloat(exponent.group())));
    }

    private int skip() {
        peek();
        return at;
    }

    private Tensor atom() {
        if (accept('(')) {
            return closed();
        }
        Matcher number = NUMBER.matcher(text).region(skip(), text.length());
        if (number.lookingAt()) {
            at = number.end();
            return Tensor.scalar(Float.parseFloat(number.group()));
        }
        Matcher name = NAME.matcher(text).region(at, text.length());
        if (!name.lookingAt()) {
            throw unexpected("a number, a variable or a parenthesis");
        }
        Tensor variable = variables.get(name.group());
        if (variable != null) {
            at = name.end();
            return variable;
        }
        UnaryOperator<Tensor> function = FUNCTIONS.get(name.group());
        if (function == null) {
            throw new IllegalArgumentException(
                    name.group() + " has no value; give it one after the formula, such as " + name.group() + "=2");
        }
        at = name.end();
        if (!accept('(')) {
            throw unexpected("the parenthesis of " + name.group());
        }
        return pass.watch(function.apply(closed()));
    }

    private Tensor closed() {
        Tensor inside = sum();
        if (!accept(')')) {
            throw unexpected("a closing parenthesis");
        }
        return inside;
    }

    private IllegalArgumentException unexpected(String wanted) {
        return new IllegalArgumentException(
                "the formula \"" + text + "\" lacks " + wanted + " at character " + (at + 1));
    }
}
