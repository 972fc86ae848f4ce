using FluentValidation;
using RateLimiter.Application.Keys;

namespace RateLimiter.UnitTests.Application.Keys;

public sealed class KeyRulesTests
{
    private const string Scopes =
        "Scopes: must hold at least one of check, policy:read, policy:write, logs:read, usage:write, keys:write, "
        + "audit:read, admin, and nothing else";

    private static readonly Fields Right = new("key", ["check"], 1, 0);

    private static IEnumerable<TestCaseData<Fields>> AtTheBounds()
    {
        yield return new(Right);
        yield return new(Right with { Scopes = null, LifetimeSeconds = null });
        yield return new(Right with { LifetimeSeconds = 315_360_000, GraceSeconds = 2_592_000 });
    }

    [TestCaseSource(nameof(AtTheBounds))]
    public void Rules_AtTheBounds_AreMet(Fields fields) => Assert.That(Faults(fields), Is.Empty);

    private static IEnumerable<TestCaseData<Fields, string>> Wrong()
    {
        yield return new(Right with { Name = null }, "Name: is required");
        yield return new(
            Right with
            {
                Name = new string('x', 101),
            },
            "Name: must have 1 to 100 characters"
        );
        yield return new(Right with { Scopes = [] }, Scopes);
        yield return new(Right with { Scopes = ["check", "all"] }, Scopes);
        yield return new(Right with { Scopes = [null] }, Scopes);
        yield return new(
            Right with
            {
                LifetimeSeconds = 0,
            },
            "LifetimeSeconds: must be from 1 to 315360000"
        );
        yield return new(
            Right with
            {
                LifetimeSeconds = 315_360_001,
            },
            "LifetimeSeconds: must be from 1 to 315360000"
        );
        yield return new(
            Right with
            {
                GraceSeconds = -1,
            },
            "GraceSeconds: must be from 0 to 2592000"
        );
        yield return new(
            Right with
            {
                GraceSeconds = 2_592_001,
            },
            "GraceSeconds: must be from 0 to 2592000"
        );
    }

    [TestCaseSource(nameof(Wrong))]
    public void Rules_OneFieldWrong_SayWhichAndWhy(Fields fields, string fault) =>
        Assert.That(Faults(fields), Is.EqualTo(new[] { fault }));

    private static IEnumerable<string> Faults(Fields fields)
    {
        var validator = new InlineValidator<Fields>();
        validator.RuleFor(it => it.Name).IsKeyName();
        validator.RuleFor(it => it.Scopes).AreScopes();
        validator.RuleFor(it => it.LifetimeSeconds).IsLifetime();
        validator.RuleFor(it => it.GraceSeconds).IsGracePeriod();
        return validator.Faults(fields);
    }

    public sealed record Fields(
        string? Name,
        IReadOnlyList<string?>? Scopes,
        long? LifetimeSeconds,
        long GraceSeconds
    );
}
