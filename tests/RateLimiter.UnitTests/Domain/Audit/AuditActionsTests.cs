using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Domain.Audit;

public sealed class AuditActionsTests
{
    [Test]
    public void TryParse_Name_ReadsWhatIsWritten([Values] AuditAction action)
    {
        Assert.That(AuditActions.TryParse(action.ToName(), out var read));
        Assert.That(read, Is.EqualTo(action));
    }

    [Test]
    public void Names_Actions_AreOneForEach() =>
        Assert.That(
            AuditActions.Names,
            Is.Unique.And.Count.EqualTo(Enum.GetValues<AuditAction>().Length)
        );

    [TestCase(null)]
    [TestCase("")]
    [TestCase("Policy.Created")]
    [TestCase("policy.created ")]
    public void TryParse_WhatIsNone_IsRefused(string? name) =>
        Assert.That(AuditActions.TryParse(name, out _), Is.False);
}
