using RateLimiter.Dashboard.Forms;
using RateLimiter.Domain.Overrides;
using RateLimiter.UnitTests.Domain.Overrides;

namespace RateLimiter.UnitTests.Dashboard.Forms;

public sealed class OverrideFormTests
{
    [Test]
    public void Read_WhatWasWritten_IsTheSame([Values] OverrideEffect effect, [Values] bool ends)
    {
        var definition = OverrideCases.Definition(
            "10.0.0.0/8",
            effect,
            "org",
            "r",
            "x",
            expiresAt: ends ? new DateTimeOffset(2026, 2, 3, 4, 5, 0, TimeSpan.Zero) : null,
            reason: "why",
            limits: effect == OverrideEffect.Limits ? [("a = b", 0), ("daily", 5000)] : []
        );

        var (fields, errors) = OverrideForm.Of(definition).Read();

        Assert.That(errors.Count, Is.Zero);
        Assert.That(fields.ToDefinition().IsEquivalentTo(definition), Is.True);
    }

    [TestCase("ends", "tomorrow", "expires_at")]
    [TestCase("limits", "daily", "limits")]
    [TestCase("limits", "daily = x", "limits")]
    [TestCase("limits", "daily = 1\ndaily = 2", "limits")]
    [TestCase("limits", "", "limits")]
    [TestCase("limits", "daily = -1", "limits")]
    [TestCase("match", "*", "match")]
    public void Read_FieldThatIsWrong_SaysSoAtIt(string field, string text, string expected)
    {
        var form = new OverrideForm
        {
            Match = field == "match" ? text : "alice",
            Effect = field == "limits" ? OverrideEffect.Limits : OverrideEffect.Blocked,
            Limits = field == "limits" ? text : "",
            Ends = field == "ends" ? text : "",
        };

        var (_, errors) = form.Read();

        Assert.That(errors[expected], Does.StartWith("must "));
        Assert.That(errors.Count, Is.EqualTo(1));
    }
}
