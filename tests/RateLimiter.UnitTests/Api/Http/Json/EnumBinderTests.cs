using Microsoft.AspNetCore.Mvc.ModelBinding;
using RateLimiter.Api.Http.Json;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Http.Json;

public sealed class EnumBinderTests
{
    [TestCase("fixed_window", Algorithm.FixedWindow)]
    [TestCase("sliding_log", Algorithm.SlidingLog)]
    public async Task Bind_NameAsInJson_IsRead(string text, Algorithm expected)
    {
        var context = await BindAsync(text);

        Assert.That(context.Result.Model, Is.EqualTo(expected));
    }

    [TestCase("FixedWindow")]
    [TestCase("FIXED_WINDOW")]
    [TestCase("0")]
    [TestCase("")]
    [TestCase(" fixed_window")]
    public async Task Bind_AnythingElse_SaysWhatItMustBe(string text)
    {
        var context = await BindAsync(text);

        Assert.That(context.Result.IsModelSet, Is.False);
        Assert.That(
            context.ModelState["it"]!.Errors.Single().ErrorMessage,
            Does.StartWith("must be fixed_window or ")
        );
    }

    [Test]
    public async Task Bind_Nothing_IsLeftOut()
    {
        var context = await BindAsync(null);

        Assert.That(context.Result.IsModelSet, Is.False);
        Assert.That(context.ModelState.IsValid);
    }

    private static async Task<ModelBindingContext> BindAsync(string? text)
    {
        var context = new DefaultModelBindingContext
        {
            ModelName = "it",
            ModelState = new ModelStateDictionary(),
            ValueProvider = new Given(text),
        };
        await new EnumBinder(typeof(Algorithm)).BindModelAsync(context);
        return context;
    }

    private sealed class Given(string? text) : IValueProvider
    {
        public bool ContainsPrefix(string prefix) => text is not null;

        public ValueProviderResult GetValue(string key) =>
            text is null ? ValueProviderResult.None : new ValueProviderResult(text);
    }
}
