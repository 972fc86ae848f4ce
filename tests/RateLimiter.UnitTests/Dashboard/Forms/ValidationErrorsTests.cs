using RateLimiter.Dashboard.Forms;

namespace RateLimiter.UnitTests.Dashboard.Forms;

public sealed class ValidationErrorsTests
{
    [TestCase("limits[0].window_seconds")]
    [TestCase("Limits[0].WindowSeconds")]
    public void Item_NameInAnyStyle_FindsTheMessage(string field)
    {
        var faults = new ValidationErrors([("limits[0].window_seconds", "is required")]);

        Assert.That(faults[field], Is.EqualTo("is required"));
    }

    [Test]
    public void Item_SeveralOfOneField_FindsTheFirst()
    {
        var faults = new ValidationErrors([("limit", "first"), ("limit", "second")]);

        Assert.That((faults["limit"], faults.Count), Is.EqualTo(("first", 1)));
    }

    [Test]
    public void Item_FieldWithoutFault_FindsNothing() =>
        Assert.That(ValidationErrors.None["limit"], Is.Null);
}
