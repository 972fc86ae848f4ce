using RateLimiter.Application.Policies;

namespace RateLimiter.UnitTests.Application.Policies;

public sealed class PolicyQuotaTests
{
    private static readonly PolicyQuota Quota = new(
        MaxPolicies: 10,
        MaxBytes: 100,
        MaxOverrides: 3
    );

    [TestCase(true, 10, 100, 1, PolicySave.Saved)]
    [TestCase(true, 11, 100, 1, PolicySave.NoRoom)]
    [TestCase(true, 11, 101, 1, PolicySave.NoRoom)]
    [TestCase(true, 10, 101, 1, PolicySave.TooLarge)]
    [TestCase(
        false,
        11,
        100,
        1,
        PolicySave.Saved,
        TestName = "Admit_TooManyButNoneIsCreated_Saves"
    )]
    [TestCase(false, 10, 101, 0, PolicySave.Saved, TestName = "Admit_TooLargeButNotLarger_Saves")]
    [TestCase(true, 10, 101, -1, PolicySave.Saved, TestName = "Admit_TooLargeButSmaller_Saves")]
    public void Admit_WhatIsLeft_IsComparedWithBothLimits(
        bool creates,
        int count,
        long bytes,
        long growth,
        PolicySave expected
    ) =>
        Assert.That(Quota.Admit(creates, count, bytes, growth, overrides: 0), Is.EqualTo(expected));

    [TestCase(3, PolicySave.Saved)]
    [TestCase(4, PolicySave.NoRoomForOverrides)]
    public void Admit_OverridesAreCreated_AreComparedWithTheirLimit(
        int count,
        PolicySave expected
    ) => Assert.That(Quota.Admit(false, 0, 0, 0, count), Is.EqualTo(expected));
}
