using FluentValidation;
using RateLimiter.Application.Validation;

namespace RateLimiter.UnitTests.Application.Validation;

public sealed class FieldRulesTests
{
    [TestCase(null, "is required")]
    [TestCase("", "must have 1 to 3 characters")]
    [TestCase("a", null)]
    [TestCase("abc", null)]
    [TestCase("😀😀😀", null)]
    [TestCase("abcd", "must have 1 to 3 characters")]
    [TestCase("a\nb", "must not contain control characters")]
    public void IsName_Text_SaysWhatIsWrong(string? text, string? message) =>
        Assert.That(Message(text, rule => rule.IsName(3)), Is.EqualTo(message));

    [TestCase(null, null)]
    [TestCase("", "must have 1 to 3 characters")]
    [TestCase("a", null)]
    [TestCase("abc", null)]
    [TestCase("abcd", "must have 1 to 3 characters")]
    [TestCase("a\nb", "must not contain control characters")]
    public void IsNameOrNull_Text_SaysWhatIsWrong(string? text, string? message) =>
        Assert.That(Message(text, rule => rule.IsNameOrNull(3)), Is.EqualTo(message));

    [TestCase(null, null)]
    [TestCase("", null)]
    [TestCase("abc", null)]
    [TestCase("😀😀😀", null)]
    [TestCase("abcd", "must have at most 3 characters")]
    [TestCase("a\nb", null)]
    [TestCase("\r\n\t", null)]
    [TestCase("a\0b", "must not contain control characters")]
    [TestCase("a\u0085b", "must not contain control characters")]
    public void IsText_Text_SaysWhatIsWrong(string? text, string? message) =>
        Assert.That(Message(text, rule => rule.IsText(3)), Is.EqualTo(message));

    [Test]
    public void IsText_EveryUtf16Unit_RefusesControlCharactersButThoseOfLinesAndLoneSurrogates()
    {
        var validator = new InlineValidator<Form<string?>>();
        validator.RuleFor(form => form.Field).IsText(1);

        var wrong = Enumerable
            .Range(0, 0x10000)
            .Where(code =>
                validator
                    .Validate(new Form<string?>($"{(char)code}"))
                    .Errors.SingleOrDefault()
                    ?.ErrorMessage != Expected(code)
            )
            .Select(code => $"U+{code:X4}");

        Assert.That(wrong, Is.Empty);

        static string? Expected(int code) =>
            code switch
            {
                '\t' or '\n' or '\r' => null,
                <= 0x1f or (>= 0x7f and <= 0x9f) => "must not contain control characters",
                >= 0xd800 and <= 0xdfff => "must be valid Unicode",
                _ => null,
            };
    }

    [Test]
    public void IsText_LoneSurrogate_MustBeValidUnicode() =>
        Assert.That(
            Message("a\ud83d", rule => rule.IsText(3)),
            Is.EqualTo("must be valid Unicode")
        );

    [TestCase(null, "is required")]
    [TestCase(-1, "must be from 0 to 5")]
    [TestCase(0, null)]
    [TestCase(5, null)]
    [TestCase(6, "must be from 0 to 5")]
    public void IsBetween_Number_SaysWhatIsWrong(long? number, string? message) =>
        Assert.That(Message(number, rule => rule.IsBetween(0, 5)), Is.EqualTo(message));

    [TestCase(null, null)]
    [TestCase(-1, "must be from 0 to 5")]
    [TestCase(0, null)]
    [TestCase(5, null)]
    [TestCase(6, "must be from 0 to 5")]
    public void IsBetweenOrNull_Number_SaysWhatIsWrong(long? number, string? message) =>
        Assert.That(Message(number, rule => rule.IsBetweenOrNull(0, 5)), Is.EqualTo(message));

    [TestCase(-1, "must be from 0 to 5")]
    [TestCase(0, null)]
    [TestCase(5, null)]
    [TestCase(6, "must be from 0 to 5")]
    public void IsBetween_NumberWithADefault_SaysWhatIsWrong(long number, string? message) =>
        Assert.That(Message(number, rule => rule.IsBetween(0, 5)), Is.EqualTo(message));

    private static string? Message<TField>(
        TField value,
        Action<IRuleBuilder<Form<TField>, TField>> rule
    )
    {
        var validator = new InlineValidator<Form<TField>>();
        rule(validator.RuleFor(form => form.Field));
        return validator.Validate(new Form<TField>(value)).Errors.SingleOrDefault()?.ErrorMessage;
    }

    private sealed record Form<TField>(TField Field);
}
