using RateLimiter.Api.Dashboard;

namespace RateLimiter.UnitTests.Api.Dashboard;

public sealed class FieldFaultsTests
{
    [TestCase("limits[0].window_seconds")]
    [TestCase("Limits[0].WindowSeconds")]
    public void Item_NameInAnyStyle_FindsTheMessage(string field)
    {
        var faults = new FieldFaults([("limits[0].window_seconds", "is required")]);

        Assert.That(faults[field], Is.EqualTo("is required"));
    }

    [Test]
    public void Item_SeveralOfOneField_FindsTheFirst()
    {
        var faults = new FieldFaults([("limit", "first"), ("limit", "second")]);

        Assert.That((faults["limit"], faults.Count), Is.EqualTo(("first", 1)));
    }

    [Test]
    public void Item_FieldWithoutFault_FindsNothing() =>
        Assert.That(FieldFaults.None["limit"], Is.Null);
}
