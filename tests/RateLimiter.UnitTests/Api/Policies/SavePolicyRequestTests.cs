using RateLimiter.Api.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

public sealed class SavePolicyRequestTests
{
    private static readonly SavePolicyRequest Least = new("search", 10, 60);

    [Test]
    public void ToDefinition_OnlyWhatMustBeThere_FillsInTheDefaults()
    {
        var definition = Least.ToDefinition();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(definition.Key, Is.EqualTo(new PolicyKey("search", "default")));
            Assert.That(definition.Description, Is.Null);
            Assert.That(definition.IsActive, Is.True);
            Assert.That(definition.Mode, Is.EqualTo(PolicyMode.Enforce));
            Assert.That(definition.Limits, Has.Count.EqualTo(1));
            Assert.That(definition.Limits[0].Name, Is.EqualTo("default"));
            Assert.That(definition.Limits[0].Algorithm, Is.EqualTo(Algorithm.FixedWindow));
            Assert.That(definition.Limits[0].Permits, Is.EqualTo(10));
            Assert.That(definition.Limits[0].Window, Is.EqualTo(TimeSpan.FromSeconds(60)));
        }
    }

    [Test]
    public void ToDefinition_EveryField_IsTakenOver()
    {
        var definition = (
            Least with
            {
                Role = "free",
                Description = "Free accounts",
                IsActive = false,
                Algorithm = Algorithm.LeakyBucket,
                Burst = 3,
                Mode = PolicyMode.Shadow,
            }
        ).ToDefinition();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(definition.Key, Is.EqualTo(new PolicyKey("search", "free")));
            Assert.That(definition.Description, Is.EqualTo("Free accounts"));
            Assert.That(definition.IsActive, Is.False);
            Assert.That(definition.Limits[0].Algorithm, Is.EqualTo(Algorithm.LeakyBucket));
            Assert.That(definition.Limits[0].Burst, Is.EqualTo(3));
            Assert.That(definition.Mode, Is.EqualTo(PolicyMode.Shadow));
        }
    }

    private static IEnumerable<TestCaseData<SavePolicyRequest>> Right()
    {
        yield return new(Least) { TestName = "{m}(nothing more than must be there)" };
        yield return new(Least with { Limit = 0 }) { TestName = "{m}(least limit)" };
        yield return new(Least with { Limit = 1_000_000_000 }) { TestName = "{m}(greatest limit)" };
        yield return new(Least with { WindowSeconds = 1 }) { TestName = "{m}(least window)" };
        yield return new(Least with { WindowSeconds = 31_536_000 })
        {
            TestName = "{m}(greatest window)",
        };
        yield return new(
            Least with
            {
                RouteKey = Validation.Text(128),
                Role = Validation.Text(128, "😀"),
            }
        )
        {
            TestName = "{m}(longest names)",
        };
        yield return new(Least with { Description = "" }) { TestName = "{m}(empty description)" };
        yield return new(Least with { Description = Validation.Text(500) })
        {
            TestName = "{m}(longest description)",
        };
        yield return new(Least with { Description = Validation.Text(500, "😀") })
        {
            TestName = "{m}(longest description, in code points)",
        };
    }

    [TestCaseSource(nameof(Right))]
    public void Validate_WithinTheBounds_IsRight(SavePolicyRequest request) =>
        Assert.That(Faults(request), Is.Empty);

    private static IEnumerable<TestCaseData<SavePolicyRequest, string>> Wrong()
    {
        yield return new(Least with { RouteKey = null }, "RouteKey: is required");
        yield return new(Least with { RouteKey = "" }, "RouteKey: must have 1 to 128 characters");
        yield return new(
            Least with
            {
                RouteKey = Validation.Text(129),
            },
            "RouteKey: must have 1 to 128 characters"
        );
        yield return new(Least with { Role = "" }, "Role: must have 1 to 128 characters");
        yield return new(
            Least with
            {
                Role = Validation.Text(129),
            },
            "Role: must have 1 to 128 characters"
        );
        yield return new(Least with { Limit = null }, "Limit: is required");
        yield return new(Least with { Limit = -1 }, "Limit: must be from 0 to 1000000000");
        yield return new(
            Least with
            {
                Limit = 1_000_000_001,
            },
            "Limit: must be from 0 to 1000000000"
        );
        yield return new(Least with { WindowSeconds = null }, "WindowSeconds: is required");
        yield return new(
            Least with
            {
                WindowSeconds = 0,
            },
            "WindowSeconds: must be from 1 to 31536000"
        );
        yield return new(
            Least with
            {
                WindowSeconds = 31_536_001,
            },
            "WindowSeconds: must be from 1 to 31536000"
        );
        yield return new(
            Least with
            {
                WindowSeconds = long.MaxValue,
            },
            "WindowSeconds: must be from 1 to 31536000"
        );
        yield return new(
            Least with
            {
                Description = Validation.Text(501),
            },
            "Description: must have at most 500 characters"
        );
    }

    [TestCaseSource(nameof(Wrong))]
    public void Validate_OneFieldWrong_SaysWhichAndWhy(SavePolicyRequest request, string fault) =>
        Assert.That(Faults(request), Is.EqualTo(new[] { fault }));

    private static IEnumerable<string> Faults(SavePolicyRequest request) =>
        new SavePolicyRequestValidator().Faults(request);
}
