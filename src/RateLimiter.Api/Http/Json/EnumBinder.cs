using System.Text.Json;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace RateLimiter.Api.Http.Json;

/// <summary>
/// Reads an enumeration of the query as it is written in JSON, and nothing else. The framework's binder also accepts
/// numbers, and the C# names.
/// </summary>
internal sealed class EnumBinder(Type type) : IModelBinder
{
    private readonly Dictionary<string, object> values = Enum.GetValues(type)
        .Cast<object>()
        .ToDictionary(value => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{value}"));

    public Task BindModelAsync(ModelBindingContext bindingContext)
    {
        var name = bindingContext.ModelName;
        if (bindingContext.ValueProvider.GetValue(name).FirstValue is not { } text)
        {
            return Task.CompletedTask;
        }

        if (values.TryGetValue(text, out var value))
        {
            bindingContext.Result = ModelBindingResult.Success(value);
        }
        else
        {
            bindingContext.ModelState.TryAddModelError(
                name,
                $"must be {string.Join(" or ", values.Keys)}"
            );
        }

        return Task.CompletedTask;
    }
}

/// <summary>Makes <see cref="EnumBinder"/> read all enumerations of queries.</summary>
internal sealed class EnumBinderProvider : IModelBinderProvider
{
    public IModelBinder? GetBinder(ModelBinderProviderContext context) =>
        context.Metadata.UnderlyingOrModelType is { IsEnum: true } type
            ? new EnumBinder(type)
            : null;
}
