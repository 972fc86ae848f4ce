using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;
using Microsoft.Extensions.Options;

namespace RateLimiter.Api.Http.Json;

/// <summary>
/// Reads a body that has a <see cref="IJsonBodyReader"/> in one step. The framework's way, through value providers,
/// formatters and validators, costs as much as the rest of a check. A body that is not clearly valid is left unread for the
/// framework, which can report its errors.
/// </summary>
internal sealed class JsonParameterBinder(
    IModelMetadataProvider metadataProvider,
    IModelBinderFactory binderFactory,
    IObjectModelValidator validator,
    IOptions<MvcOptions> mvcOptions,
    ILoggerFactory loggerFactory,
    IEnumerable<IJsonBodyReader> readers
) : ParameterBinder(metadataProvider, binderFactory, validator, mvcOptions, loggerFactory)
{
    private static readonly string[] ContentTypes =
    [
        "application/json",
        "application/json; charset=utf-8",
    ];

    private readonly Dictionary<Type, IJsonBodyReader> readers = readers.ToDictionary(reader =>
        reader.Type
    );

    public override async ValueTask<ModelBindingResult> BindModelAsync(
        ActionContext actionContext,
        IModelBinder modelBinder,
        IValueProvider valueProvider,
        ParameterDescriptor parameter,
        ModelMetadata metadata,
        object? value,
        object? container
    )
    {
        var request = actionContext.HttpContext.Request;
        if (
            parameter.BindingInfo?.BindingSource == BindingSource.Body
            && readers.TryGetValue(parameter.ParameterType, out var reader)
            && ContentTypes.Contains(request.ContentType, StringComparer.OrdinalIgnoreCase)
            && await TryReadAsync(request, reader) is { } model
        )
        {
            return ModelBindingResult.Success(model);
        }

        return await base.BindModelAsync(
            actionContext,
            modelBinder,
            valueProvider,
            parameter,
            metadata,
            value,
            container
        );
    }

    private static async ValueTask<object?> TryReadAsync(
        HttpRequest request,
        IJsonBodyReader reader
    )
    {
        while (true)
        {
            var body = await request.BodyReader.ReadAsync();
            if (!body.IsCompleted)
            {
                request.BodyReader.AdvanceTo(body.Buffer.Start, body.Buffer.End);
                continue;
            }

            var json = new Utf8JsonReader(body.Buffer);
            var model = TryRead(ref json, reader);
            request.BodyReader.AdvanceTo(model is null ? body.Buffer.Start : body.Buffer.End);
            return model;
        }
    }

    private static object? TryRead(ref Utf8JsonReader json, IJsonBodyReader reader)
    {
        try
        {
            // Nothing may follow: the reader throws at anything but white space.
            return reader.Read(ref json) is { } model && !json.Read() ? model : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The second exception is for bytes that are not UTF-8.
            return null;
        }
    }
}

/// <summary>Reads bodies of one type, by hand.</summary>
internal interface IJsonBodyReader
{
    /// <summary>The type of the parameter that is read from the body.</summary>
    Type Type { get; }

    /// <summary>
    /// The model, read to its last token; null when it is not clearly valid. May throw what the JSON reader throws.
    /// </summary>
    object? Read(ref Utf8JsonReader json);
}
