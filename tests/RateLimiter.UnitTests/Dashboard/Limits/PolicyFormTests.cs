using RateLimiter.Dashboard.Limits;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Dashboard.Limits;

public sealed class PolicyFormTests
{
    private static readonly PolicyDefinition[] Definitions =
    [
        TestData.Definition(
            "a/b%2F \"x\"",
            "100%",
            "text",
            false,
            PolicyMode.Shadow,
            StoreFailureMode.Local
        ),
        TestData.Definition(limits: TestData.Limit(algorithm: Algorithm.TokenBucket, burst: 3)),
        TestData.Definition(limits: TestData.Limit("named")),
        TestData.Definition(limits: [TestData.Limit(), TestData.Limit("daily", 100, 86_400)]),
    ];

    [TestCaseSource(nameof(Definitions))]
    public void Read_WhatIsThere_SaysTheSame(PolicyDefinition definition)
    {
        var (fields, faults) = PolicyForm.Of(definition).Read();

        Assert.That(
            (faults.Count, fields.ToDefinition().IsEquivalentTo(definition)),
            Is.EqualTo((0, true))
        );
    }

    [Test]
    public void Read_NoRole_IsTheDefaultRole()
    {
        var form = new PolicyForm { Route = "search" };

        var (fields, _) = form.Read();

        Assert.That(fields.ToDefinition().Key.Role, Is.EqualTo(PolicyKey.DefaultRole));
    }

    [Test]
    public void Read_WordsForNumbers_SaysSoAtTheirFields()
    {
        var form = new PolicyForm { Route = "search" };
        form.Limits[0].Permits = "many";
        form.Limits[0].WindowSeconds = "";

        var (_, faults) = form.Read();

        Assert.That(
            (
                PolicyForm.ErrorOf(faults, 0, "limit"),
                PolicyForm.ErrorOf(faults, 0, "window_seconds")
            ),
            Is.EqualTo(("must be a whole number", "is required"))
        );
    }

    [Test]
    public void Read_SecondLimitWrong_SaysSoAtItsField()
    {
        var form = new PolicyForm { Route = "search" };
        form.Limits.Add(new LimitForm { Permits = "5", WindowSeconds = "0" });

        var (_, faults) = form.Read();

        Assert.That(
            (
                PolicyForm.ErrorOf(faults, 0, "window_seconds"),
                PolicyForm.ErrorOf(faults, 1, "window_seconds")
            ),
            Is.EqualTo(((string?)null, "must be from 1 to 31536000"))
        );
    }

    [Test]
    public void Read_BurstLeftFromAnotherAlgorithm_IsLeftOut()
    {
        var form = new PolicyForm { Route = "search" };
        form.Limits[0].Burst = "5";

        var (fields, faults) = form.Read();

        Assert.That((fields.Limits[0].Burst, faults.Count), Is.EqualTo(((long?)null, 0)));
    }

    [Test]
    public void LimitsOf_RouteWrong_AreThereAllTheSame()
    {
        var form = new PolicyForm();
        var (fields, faults) = form.Read();

        var limits = PolicyForm.LimitsOf(fields, faults);

        Assert.That(
            (faults["route_key"], limits?.Count),
            Is.EqualTo(("must have 1 to 128 characters", 1))
        );
    }

    [Test]
    public void LimitsOf_LimitWrong_AreNone()
    {
        var form = new PolicyForm { Route = "search" };
        form.Limits[0].WindowSeconds = "0";
        var (fields, faults) = form.Read();

        Assert.That(PolicyForm.LimitsOf(fields, faults), Is.Null);
    }
}
