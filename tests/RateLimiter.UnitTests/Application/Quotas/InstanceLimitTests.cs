using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Quotas;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class InstanceLimitTests
{
    private const int Capacity = 100;

    private readonly FakeTimeProvider time = new(TestData.Moment);

    [Test]
    public void Take_AnyAlgorithm_PassesAfterTheWaitAndNotBefore(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var limit = Create(TestData.Limit(permits: 3, windowSeconds: 3, algorithm: algorithm));
        TimeSpan? wait;
        while ((wait = limit.Acquire("a")) is null) { }

        Assert.That(wait, Is.GreaterThan(TimeSpan.Zero));
        time.Advance(wait.Value - TimeSpan.FromMicroseconds(1));
        Assert.That(limit.Acquire("a"), Is.EqualTo(TimeSpan.FromMicroseconds(1)));
        time.Advance(TimeSpan.FromMicroseconds(1));
        Assert.That(limit.Acquire("a"), Is.Null);
    }

    [Test]
    public void Take_Refused_TakesNothing()
    {
        var limit = Create(TestData.Limit(permits: 3));
        limit.Acquire("a", 2);

        Assert.That(limit.Acquire("a", 2), Is.Not.Null);
        Assert.That(limit.Acquire("a"), Is.Null);
    }

    [Test]
    public void Take_AnotherCaller_HasPermitsOfItsOwn()
    {
        var limit = Create(TestData.Limit(permits: 1));
        limit.Acquire("a");

        Assert.That(limit.Acquire("b"), Is.Null);
        Assert.That(limit.Acquire("a"), Is.Not.Null);
    }

    [Test]
    public void Give_WhatWasTaken_CanBeTakenAgainAndNoMore()
    {
        var limit = Create(TestData.Limit(permits: 1));
        limit.Acquire("a");

        limit.Refund("a");
        limit.Refund("a");

        Assert.That(limit.Acquire("a"), Is.Null);
        Assert.That(limit.Acquire("a"), Is.Not.Null);
    }

    [Test]
    public void Take_ManyAtOnce_PassAsOftenAsTheLimitSays()
    {
        var limit = Create(TestData.Limit(permits: 1000));
        var passed = 0;

        Parallel.For(
            0,
            5000,
            _ =>
            {
                if (limit.Acquire("a") is null)
                {
                    Interlocked.Increment(ref passed);
                }
            }
        );

        Assert.That(passed, Is.EqualTo(1000));
    }

    [Test]
    public void Take_ManyCallersThatComeOnce_DoNotPushOutWhoIsLimited()
    {
        var limit = Create(TestData.Limit(permits: 10));
        while (limit.Acquire("busy") is null) { }

        for (var i = 0; i < 100 * Capacity; i++)
        {
            limit.Acquire($"made up {i}");
        }

        Assert.That(limit.Acquire("busy"), Is.Not.Null);
    }

    [Test]
    public void Take_ManyCallers_KeepsNoMoreThanTheCapacity()
    {
        var limit = Create(TestData.Limit(permits: 1));
        for (var i = 0; i < 100 * Capacity; i++)
        {
            limit.Acquire($"{i}");
        }

        // One call for each: a caller that was evicted has its permit again.
        var kept = Enumerable
            .Range(0, 100 * Capacity)
            .Count(i => limit.Acquire($"{i}") is not null);

        Assert.That(kept, Is.LessThanOrEqualTo(Capacity));
    }

    private InstanceLimit Create(Limit limit) => new(limit, time, Capacity);
}
